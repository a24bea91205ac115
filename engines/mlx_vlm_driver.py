"""Asks mlx-vlm what it makes of a folder that sees, for the tests of phiquant.

python mlx_vlm_driver.py logits FOLDER CASE    the last token's logits. CASE is JSON: "ids", tokens, below 0 where a
                                               picture's are; "pictures", none or one, with "tiles" (a file of
                                               little-endian float32 [tiles, 3, 336, 336], the whole picture first),
                                               "rows" and "columns" of its crops
python mlx_vlm_driver.py tokens FOLDER PROMPT WIDTH HEIGHT
                                               how many tokens the folder's own processor, loaded by mlx_vlm.load,
                                               makes of a prompt with a picture
"""

import json
import sys
from pathlib import Path

import mlx.core as mx
import numpy as np

mx.set_default_device(mx.cpu)


def logits(folder, case):
    from mlx_vlm.utils import load_model

    case = json.loads(Path(case).read_text())
    model = load_model(Path(folder), lazy=True)
    # In float32, so that what weights mean is not rounded on the way; what is not used is not read.
    model.apply(lambda x: x.astype(mx.float32) if mx.issubdtype(x.dtype, mx.floating) else x)
    pictures = {}
    for picture in case["pictures"]:
        tiles = np.fromfile(picture["tiles"], "<f4").reshape(1, -1, 3, 336, 336)
        pictures["pixel_values"] = mx.array(tiles)
        pictures["image_sizes"] = mx.array([[336 * picture["rows"], 336 * picture["columns"]]])
    answer = model(mx.array([case["ids"]]), **pictures).logits
    print(json.dumps(np.array(answer[0, -1].astype(mx.float32)).tolist()))


def tokens(folder, prompt, width, height):
    from mlx_vlm import load
    from PIL import Image

    _, processor = load(folder, lazy=True)
    inputs = processor(text=prompt, images=[Image.new("RGB", (int(width), int(height)))])
    print(json.dumps(np.array(inputs["input_ids"]).size))


if __name__ == "__main__":
    {"logits": logits, "tokens": tokens}[sys.argv[1]](*sys.argv[2:])
