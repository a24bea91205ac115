#!/usr/bin/env bash
# What a mixture of 42 billion weights takes to be quantized: 83 GB of bf16 in a sparse file, which holds
# nothing and takes no disk, one target at a time, each removed before the next:
#   bench/streams.sh [TARGET...]
# Prints wall, CPU, memory (RssAnon is what has to stay low) and what was read in a second. Needs 30 GB of disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(gguf:Q4_K_M onnx:int4 openvino:int4 mlx:4bit)
model="$(bench/synthetic.sh PHI_3_5_MOE_SPARSE)"
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
bytes="$(stat -c %s "$model"/*.safetensors | paste -sd+ | bc)"
./phiquant version > /dev/null
for target in "${targets[@]}"; do
  sync
  python3 bench/measure.py "$target" -- ./phiquant quantize "$model" --to "$target" -o "$work/out" -q 2> /dev/null |
    python3 -c '
import json, sys
run = json.loads([line for line in sys.stdin if line.startswith("{\"label\"")][0])
run["read_mb_s"] = round('"$bytes"' / 1e6 / run["wall_s"])
print(json.dumps(run))'
  rm -rf "$work/out"
done
