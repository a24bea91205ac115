"""Asks MLX and mlx-lm what they make of something, for the tests of phiquant.

python mlx_driver.py quantize FLOATS TYPE OUT      every format of a file of little-endian float32
python mlx_driver.py convert CHECKPOINT OUT JSON   mlx_lm.convert with the options in JSON
python mlx_driver.py logits MODEL IDS...           the last token's logits, as JSON
"""

import json
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np

mx.set_default_device(mx.cpu)


def raw(array):
    return np.array(array.view(mx.uint8)).tobytes()


def quantize(floats, dtype, out):
    x = mx.array(np.fromfile(floats, "<f4").reshape(-1, 128)).astype(getattr(mx, dtype))
    formats = [("affine", b, g) for b in (2, 3, 4, 5, 6, 8) for g in (32, 64, 128)]
    formats += [("mxfp4", 4, 32), ("nvfp4", 4, 16), ("mxfp8", 8, 32)]
    for mode, bits, group in formats:
        parts = mx.quantize(x, group, bits, mode=mode)
        back = mx.dequantize(*parts, group_size=group, bits=bits, mode=mode)
        stem = f"{mode}-{bits}-{group}"
        for part, array in zip(("weight", "scales", "biases"), parts):
            (Path(out) / f"{stem}.{part}").write_bytes(raw(array))
        (Path(out) / f"{stem}.back").write_bytes(raw(back.astype(mx.float32)))


def convert(checkpoint, out, options):
    from mlx_lm import convert as run

    run(checkpoint, out, **json.loads(options))


def logits(model, *ids):
    from mlx_lm.utils import load_model

    net, _ = load_model(Path(model))
    last = net(mx.array([[int(i) for i in ids]]))[0, -1].astype(mx.float32)
    print(json.dumps(np.array(last).tolist()))


if __name__ == "__main__":
    {"quantize": quantize, "convert": convert, "logits": logits}[sys.argv[1]](*sys.argv[2:])
