#!/usr/bin/env python3
"""A picture of noise made ready for Phi-3.5-vision by Pillow and numpy: seconds by the clock and of processor time, one line each time.

  picture_speed.py WIDTH HEIGHT CROPS TIMES
"""
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parent.parent / "core/src/test/reference"))
import pictures


def cubic(n):
    at = (np.arange(pictures.SIDE) + 0.5) * (n / pictures.SIDE) - 0.5
    floor, a = np.floor(at), -0.75
    t = at - floor
    near, far = lambda x: ((a + 2) * x - (a + 3)) * x * x + 1, lambda x: ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    inputs = np.clip(floor[:, None].astype(int) + np.arange(-1, 3), 0, n - 1)
    return inputs, np.stack([far(t + 1), near(t), near(1 - t), far(2 - t)], 1)


def tiles(image, crops):
    x = np.asarray(pictures.laid_out(image, crops)).astype(np.float32)
    x = (x / np.float32(255) - pictures.MEAN) / pictures.STD
    (iy, ky), (ix, kx) = cubic(x.shape[0]), cubic(x.shape[1])
    rows = (x[:, ix].astype(np.float64) * kx[None, :, :, None]).sum(2)
    whole = (rows[iy] * ky[:, :, None, None]).sum(1).transpose(2, 0, 1).astype(np.float32)
    h, w = x.shape[0] // pictures.SIDE, x.shape[1] // pictures.SIDE
    parts = x.reshape(h, pictures.SIDE, w, pictures.SIDE, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, pictures.SIDE, pictures.SIDE)
    return np.concatenate([whole[None], parts])


if __name__ == "__main__":
    width, height, crops, times = map(int, sys.argv[1:])
    image = Image.fromarray(pictures.noise(width, height))
    for _ in range(times):
        clock, cpu = time.perf_counter(), time.process_time()
        tiles(image, crops)
        print(f"{time.perf_counter() - clock:.3f} {time.process_time() - cpu:.3f}")
