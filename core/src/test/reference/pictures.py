#!/usr/bin/env python3
"""What Pillow and numpy make of pictures: the golden pictures.json.gz.

  pictures.py | gzip -9n > ../resources/reference/pictures.json.gz

"crops": pictures of noise, resized by Pillow as the released processor of Phi-3.5-vision does (BILINEAR, tall ones transposed), white above and below:
the SHA-256 of the bytes; and some numbers of the whole picture in one tile, by torch's formula of bicubic interpolation (a = -0.75, half-pixel centres,
edges repeated), in doubles. "files": small files of every kind that Pillow writes, and the SHA-256 of what its convert("RGB") gives. A byte of noise is
(mix(3 * (y * width + x) + color) >> 32) mod 256, mix being SplitMix64's finalizer of (that + 0x9E3779B97F4A7C15). Needs numpy and Pillow.
"""
import base64
import hashlib
import io
import json
import math

import numpy as np
import PIL
from PIL import Image

SIDE = 336
MEAN = np.float32([0.48145466, 0.4578275, 0.40821073])
STD = np.float32([0.26862954, 0.26130258, 0.27577711])
SIZES = [(4000, 3000, 4), (3024, 4032, 16), (1344, 1009, 16), (336, 336, 4), (337, 335, 4), (91, 1000, 16), (1000, 91, 4), (1, 1, 4), (13, 7, 16),
         (1344, 1, 4), (1, 1344, 4), (640, 480, 16), (2000, 2001, 4)]


def sha(data):
    return hashlib.sha256(data).hexdigest()


def noise(width, height):
    x = np.arange(3 * width * height, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return ((x ^ x >> np.uint64(31)) >> np.uint64(32)).astype(np.uint8).reshape(height, width, 3)


def laid_out(image, crops):
    tall = image.width < image.height
    if tall:
        image = image.transpose(Image.TRANSPOSE)
    ratio, scale = image.width / image.height, 1
    while scale * math.ceil(scale / ratio) <= crops:
        scale += 1
    wide = (scale - 1) * SIDE
    image = image.resize((wide, int(wide / ratio)), Image.BILINEAR)
    full = math.ceil(image.height / SIDE) * SIDE
    padded = Image.new("RGB", (wide, full), (255, 255, 255))
    padded.paste(image, (0, (full - image.height) // 2))
    return padded.transpose(Image.TRANSPOSE) if tall else padded


def cubic(n):
    a, at = -0.75, (np.arange(SIDE) + 0.5) * (n / SIDE) - 0.5
    floor = np.floor(at)
    weights = np.zeros((SIDE, n))
    for k in range(-1, 3):
        d = np.abs(at - floor - k)
        w = np.where(d <= 1, ((a + 2) * d - (a + 3)) * d * d + 1, ((a * d - 5 * a) * d + 8 * a) * d - 4 * a)
        np.add.at(weights, (np.arange(SIDE), np.clip(floor + k, 0, n - 1).astype(int)), w)
    return weights


def whole(image):
    x = ((np.asarray(image).astype(np.float32) / np.float32(255) - MEAN) / STD).astype(np.float64)
    tile = np.einsum("yh,hwc,xw->cyx", cubic(x.shape[0]), x, cubic(x.shape[1]), optimize=True).reshape(-1)
    return [[int(i), float(tile[i])] for i in range(7, tile.size, 21269)]


def crops(width, height, most):
    padded = laid_out(Image.fromarray(noise(width, height)), most)
    return {"width": width, "height": height, "crops": most, "size": [padded.width, padded.height], "sha256": sha(padded.tobytes()), "whole": whole(padded)}


def file(name, image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    data = out.getvalue()
    rgb = Image.open(io.BytesIO(data)).convert("RGB").tobytes()
    return {"name": name, "file": base64.b64encode(data).decode(), "width": image.width, "height": image.height, "rgb": base64.b64encode(rgb).decode()}


def files():
    ramp = np.stack(np.broadcast_arrays(np.arange(37)[None, :] * 6, np.arange(29)[:, None] * 8, np.arange(37)[None, :] * 3 + np.arange(29)[:, None]), -1)
    color = Image.fromarray(ramp.astype(np.uint8))
    grainy = Image.fromarray(noise(37, 29))
    alpha = grainy.convert("RGBA")
    alpha.putalpha(grainy.convert("L"))
    yield file("png", grainy, "PNG")
    yield file("png with alpha", alpha, "PNG")
    yield file("png gray", grainy.convert("L"), "PNG")
    yield file("png gray with alpha", alpha.convert("LA"), "PNG")
    yield file("png of 1 bit", grainy.convert("1"), "PNG")
    yield file("png of a palette", grainy.quantize(200), "PNG")
    yield file("png of a small palette", grainy.quantize(4), "PNG", bits=2)
    yield file("gif", grainy.quantize(64), "GIF")
    yield file("bmp", grainy, "BMP")
    yield file("bmp of a palette", grainy.quantize(64), "BMP")
    yield file("jpeg", color, "JPEG", quality=90)
    yield file("jpeg in full color", color, "JPEG", quality=95, subsampling=0)
    yield file("jpeg progressive", color, "JPEG", quality=90, progressive=True)
    yield file("jpeg gray", color.convert("L"), "JPEG", quality=90)
    yield file("jpeg in CMYK", color.convert("CMYK"), "JPEG")
    yield file("png of 16 bits", Image.fromarray((ramp[..., 0] * 257).astype(np.uint16)), "PNG")
    yield file("tiff", color, "TIFF")
    yield file("webp", color, "WEBP", lossless=True)
    yield file("gif animated", grainy.quantize(64), "GIF", save_all=True, append_images=[color.quantize(64)])
    yield file("png animated", grainy, "PNG", save_all=True, append_images=[color])


if __name__ == "__main__":
    how = {"tool": f"Pillow {PIL.__version__}, numpy {np.__version__}", "command": "pictures.py"}
    print(json.dumps({"how": how, "crops": [crops(*size) for size in SIZES], "files": list(files())}))
