#!/usr/bin/env bash
# mlx.core.load of mlx 0.32.4 (Linux, CPU) reads some of GGUF's types otherwise than gguf 0.19.0, llama.cpp's own Python
# package, and says nothing. Q4_K: of each two runs of 32 weights the second gets scale and minimum of the first. BF16 becomes
# float16, in which what is beyond 65504 is infinite. MXFP4 and TQ2_0: the tensor and all that follow it are not there.
# Types that it reads right (Q6_K) and types that it refuses with an error (Q5_K) are shown beside them.
# Seen: the lines at the end. Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check mlx==0.32.4 mlx-cpu==0.32.4 gguf==0.19.0 numpy==2.4.6
cat > seen.py << 'END'
import gguf
import mlx.core as mx
import numpy as np

HALVES = {"Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "TQ2_0": [64]}  # where a block keeps its float16 scales
random = np.random.default_rng(7)
one = np.ones((1, 32), np.float32)


def blocks(kind):
    if kind.name == "BF16":
        return gguf.quantize(np.array([[1.0, 70000.0] * 128], np.float32), kind)
    weights, size = gguf.GGML_QUANT_SIZES[kind]
    raw = random.integers(0, 256, (512 // weights, size), np.uint8)
    for place in HALVES.get(kind.name, []):
        raw[:, place : place + 2] = np.frombuffer(np.float16(0.01).tobytes(), np.uint8)
    if kind.name == "MXFP4":
        raw[:, 0] = 120  # its exponent
    return raw.reshape(1, -1)


for kind in map(gguf.GGMLQuantizationType.__getitem__, ["Q6_K", "Q5_K", "Q4_K", "BF16", "MXFP4", "TQ2_0"]):
    raw = blocks(kind)
    writer = gguf.GGUFWriter("one.gguf", "phi3")
    writer.add_tensor("first", one)
    writer.add_tensor("second", raw, raw_dtype=kind)
    writer.add_tensor("third", one)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    try:
        read = mx.load("one.gguf")
    except RuntimeError:
        print(f"{kind.name}: refused")
        continue
    if "second" not in read:
        print(f"{kind.name}: {', '.join(sorted(read))} of three tensors")
        continue
    right = gguf.dequantize(raw, kind).reshape(-1, 32)
    wrong = np.abs(np.array(read["second"].astype(mx.float32)).reshape(-1, 32) - right) > 0.002 * np.abs(right).max()
    largest = f"largest {read['second'].max().item():.0f} for {right.max():.0f}"
    print(f"{kind.name}: wrong of odd runs {wrong[0::2].mean():.0%}, of even {wrong[1::2].mean():.0%}, {largest}")
END
venv/bin/python seen.py 2> /dev/null | tee seen
diff seen - << 'END'
Q6_K: wrong of odd runs 0%, of even 0%, largest 39 for 39
Q5_K: refused
Q4_K: wrong of odd runs 0%, of even 98%, largest 9 for 9
BF16: wrong of odd runs 50%, of even 50%, largest inf for 70144
MXFP4: first of three tensors
TQ2_0: first of three tensors
END
