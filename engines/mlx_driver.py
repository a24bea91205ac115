"""Asks MLX and mlx-lm what they make of something, for the tests of phiquant.

python mlx_driver.py quantize FLOATS TYPE OUT     every format of a file of little-endian float32
python mlx_driver.py convert CHECKPOINT OPTIONS [OUT]
                                                  mlx_lm.convert for each item of a JSON list, to
                                                  OUT/0, OUT/1…: a line of JSON about each model
python mlx_driver.py logits LENGTH MODULUS MODEL… the last token's logits of mlx_lm.load's model for
                                                  the prompt (7919 i + 13) mod MODULUS: a line each
python mlx_driver.py adapted LENGTH MODULUS MODEL [ADAPTER]
                                                  the same of every token, of a model without regard
                                                  to its tokenizer, with an adapter beside it
"""

import hashlib
import json
import struct
import sys
import tempfile
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
        stem = f"{mode}-{bits}-{group}"
        for part, array in zip(("weight", "scales", "biases"), parts):
            (Path(out) / f"{stem}.{part}").write_bytes(raw(array))
        # In float32, so that what the codes mean is not rounded on the way.
        exact = [parts[0]] + [p.astype(mx.float32) if mode == "affine" else p for p in parts[1:]]
        floats = mx.dequantize(*exact, group_size=group, bits=bits, mode=mode, dtype=mx.float32)
        (Path(out) / f"{stem}.floats").write_bytes(raw(floats))


def describe(folder):
    """Every tensor's dtype, shape and hash, and the two JSON files as text."""
    tensors = {}
    for path in sorted(folder.glob("*.safetensors")):
        data = path.read_bytes()
        start = 8 + struct.unpack("<Q", data[:8])[0]
        for name, entry in json.loads(data[8:start]).items():
            if name != "__metadata__":
                begin, end = entry["data_offsets"]
                digest = hashlib.sha256(data[start + begin : start + end]).hexdigest()
                tensors[name] = {**entry, "sha256": digest}
                del tensors[name]["data_offsets"]
    texts = {name: (folder / name).read_text() for name in ("config.json", "model.safetensors.index.json")}
    return {"tensors": tensors, **texts}


def convert(checkpoint, options, out=None):
    from mlx_lm import convert as run

    for number, arguments in enumerate(json.loads(options)):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(out or scratch) / str(number)
            folder.parent.mkdir(exist_ok=True)
            run(checkpoint, str(folder), **arguments)
            print(json.dumps(describe(folder)))


def logits(length, modulus, *models):
    from mlx_lm import load

    ids = [(7919 * i + 13) % int(modulus) for i in range(int(length))]
    for path in models:
        model, _ = load(path)
        print(json.dumps(np.array(model(mx.array([ids]))[0, -1].astype(mx.float32)).tolist()))


def adapted(length, modulus, path, *adapter):
    from mlx_lm.utils import load_adapters, load_model

    ids = [(7919 * i + 13) % int(modulus) for i in range(int(length))]
    model, _ = load_model(Path(path))
    for folder in adapter:
        model = load_adapters(model, folder)
    logits = np.array(model(mx.array([ids]))[0].astype(mx.float32))
    print(json.dumps(logits.clip(-1e30).tolist()))  # JSON has no infinity.


if __name__ == "__main__":
    {"quantize": quantize, "convert": convert, "logits": logits, "adapted": adapted}[sys.argv[1]](*sys.argv[2:])
