#!/usr/bin/env bash
# ONNX, side by side with the model builder of ONNX Runtime GenAI in one run on the same checkpoint:
#   bench/onnx.sh [PHI_3_5_MINI|PHI_4_MINI|PHI_4]    random weights in a released model's shapes
#   bench/onnx.sh CHECKPOINT_FOLDER
# Prints wall, CPU, memory, ratios, how many constants of both models are equal, and the engine's
# tokens per second on both. RUNS (default 1) runs in turn, the median counts.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."
engine="$(engines/install.sh onnx)/venv/bin/python"
builder="$(bench/peers.sh exporters)/exporters/venv/bin/python"
model="${1:-PHI_3_5_MINI}"
if [ ! -d "$model" ]; then model="$(bench/synthetic.sh "$model")"; fi
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
log="$work/log"
all="$work/all"
# What an earlier run left to be written must not burden the next: ours waits for the disk.
measure() { sync; python3 bench/measure.py "$@" | grep '^{"label"' | tee -a "$all" >&2; }

./phiquant version > /dev/null
for _ in $(seq "${RUNS:-1}"); do
  rm -rf "$work/ours" "$work/theirs"
  measure "ours onnx:int4" -- ./phiquant quantize "$model" --to onnx:int4 -o "$work/ours" -q
  measure "models.builder -p int4 -e cpu" -- "$builder" -m onnxruntime_genai.models.builder \
    -i "$model" -o "$work/theirs" -p int4 -e cpu -c "$work/cache"
done
for label in "ours onnx:int4" "models.builder -p int4 -e cpu"; do
  python3 - "$all" "$label" >> "$log" << 'EOF'
import json, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
rows = sorted((row for row in rows if row["label"] == sys.argv[2]), key=lambda row: row["wall_s"])
print(json.dumps(rows[len(rows) // 2]))
EOF
done
echo "$(basename "$model"), $(nproc) threads, median of ${RUNS:-1}:"
python3 bench/ratios.py "$log" "ours" "models.builder -p int4 -e cpu"
echo
"$engine" engines/onnx_speed.py "$work"/ours/* "$work/theirs"
