#!/usr/bin/env bash
# MLX, side by side with mlx_lm.convert in one run on the same checkpoint:
#   bench/mlx.sh [PHI_3_5_MINI|PHI_4_MINI|PHI_4]    random weights in a released model's shapes
#   bench/mlx.sh CHECKPOINT_FOLDER
# Prints wall, CPU, memory, ratios, and what MLX adds to a pass that makes a GGUF. The two are run in
# turn, three times each, and the median counts; the rest once. Compares the tensors that both make.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."
python="$(engines/install.sh mlx)/venv/bin/python"
model="${1:-PHI_3_5_MINI}"
if [ ! -d "$model" ]; then model="$(bench/synthetic.sh "$model")"; fi
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
log="$work/log"
all="$work/all"
# What an earlier run left to be written must not burden the next: ours waits for the disk.
measure() { sync; python3 bench/measure.py "$@" | grep '^{"label"' | tee -a "$all" >&2; }
median() { # LABEL: the run whose wall time is the middle one
  python3 - "$all" "$1" << 'EOF'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
rows = sorted((row for row in rows if row["label"] == sys.argv[2]), key=lambda row: row["wall_s"])
print(json.dumps(rows[len(rows) // 2]))
EOF
}

./phiquant version > /dev/null
for round in 1 2 3; do
  rm -rf "$work/ours" "$work/theirs"
  measure "ours mlx:4bit" -- ./phiquant quantize "$model" --to mlx:4bit -o "$work/ours" -q
  measure "mlx_lm.convert -q" -- "$python" -m mlx_lm convert --hf-path "$model" \
    --mlx-path "$work/theirs" -q --q-bits 4 --q-group-size 64
done
python3 - "$work"/ours/*/ "$work/theirs" << 'EOF'
import hashlib, json, pathlib, struct, sys

def tensors(folder):
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*.safetensors")):
        with open(path, "rb") as file:
            length = struct.unpack("<Q", file.read(8))[0]
            for name, entry in json.loads(file.read(length)).items():
                if name != "__metadata__":
                    begin, end = entry["data_offsets"]
                    file.seek(8 + length + begin)
                    found[name] = entry["dtype"], entry["shape"], hashlib.sha256(file.read(end - begin)).digest()
    return found

ours, theirs = map(tensors, sys.argv[1:])
same = sum(ours.get(name) == tensor for name, tensor in theirs.items())
print(f"{same} of {len(theirs)} tensors are equal; ours has {len(ours)}.")
EOF
rm -rf "$work/ours" "$work/theirs"
measure "ours gguf:Q4_K_M" -- ./phiquant quantize "$model" --to gguf:Q4_K_M -o "$work/both" -q
rm -rf "$work/both"
measure "ours gguf:Q4_K_M + mlx:4bit" -- ./phiquant quantize "$model" --to gguf:Q4_K_M \
  --to mlx:4bit -o "$work/both" -q
rm -rf "$work/both"
for format in mxfp4 nvfp4 mxfp8 8bit fp16; do
  measure "ours mlx:$format" -- ./phiquant quantize "$model" --to "mlx:$format" -o "$work/ours" -q
  rm -rf "$work/ours"
done
for label in "ours mlx:4bit" "mlx_lm.convert -q" "ours gguf:Q4_K_M" "ours gguf:Q4_K_M + mlx:4bit" \
  "ours mlx:mxfp4" "ours mlx:nvfp4" "ours mlx:mxfp8" "ours mlx:8bit" "ours mlx:fp16"; do
  median "$label" >> "$log"
done
echo
echo "$(basename "$model"), $(nproc) threads, median of 3 (4bit) or one run:"
python3 bench/ratios.py "$log" "ours" "mlx_lm.convert -q"
