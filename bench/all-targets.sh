#!/usr/bin/env bash
# All four targets in one pass, side by side with the four peers one after the other, on one checkpoint:
#   bench/all-targets.sh [PHI_3_5_MINI|PHI_4_MINI|PHI_4]    random weights in a released model's shapes
#   bench/all-targets.sh CHECKPOINT_FOLDER
# Peers: convert_hf_to_gguf.py and llama_model_quantize, mlx_lm.convert, ONNX Runtime GenAI's model builder,
# optimum-cli export openvino. Prints wall, CPU, memory and ratios. Needs some 30 GB of disk and 16 GB of memory.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."
peers="$(bench/peers.sh llama exporters)"
library="$(engines/install.sh llama)/package/bins/linux-x64"
mlx="$(engines/install.sh mlx)/venv/bin/python"
exporters="$peers/exporters/venv/bin"
model="${1:-PHI_3_5_MINI}"
if [ ! -d "$model" ]; then model="$(bench/synthetic.sh "$model")"; fi
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
log="$work/log"
export HF_HUB_OFFLINE=1
# What an earlier run left to be written must not burden the next: ours waits for the disk.
measure() { sync; python3 bench/measure.py "$@" 2>> "$work/chatter" | grep '^{"label"' | tee -a "$log" >&2; }

./phiquant version > /dev/null
measure "ours, four targets" -- ./phiquant quantize "$model" --to gguf:Q4_K_M --to mlx:4bit --to onnx:int4 \
  --to openvino:int4 -o "$work/ours" -q
rm -rf "$work/ours"
measure "convert_hf_to_gguf bf16" -- "$peers/llama/venv/bin/python" \
  "$peers/llama/source/vendor/llama.cpp/convert_hf_to_gguf.py" "$model" --outtype bf16 --outfile "$work/bf16.gguf"
measure "llama-quantize Q4_K_M" -- python3 bench/llama_quantize.py "$library" "$work/bf16.gguf" \
  "$work/theirs.gguf" 15 "$(nproc)"
rm -f "$work"/*.gguf
measure "mlx_lm.convert -q" -- "$mlx" -m mlx_lm convert --hf-path "$model" --mlx-path "$work/theirs" -q
rm -rf "$work/theirs"
measure "genai model builder int4" -- "$exporters/python" -m onnxruntime_genai.models.builder -i "$model" \
  -o "$work/theirs" -p int4 -e cpu -c "$work/cache"
rm -rf "$work/theirs" "$work/cache"
measure "optimum-cli int4" -- "$exporters/optimum-cli" export openvino -m "$model" \
  --task text-generation-with-past --weight-format int4 --group-size 128 --ratio 1 "$work/theirs"
echo
echo "$(basename "$model"), $(nproc) threads:"
python3 bench/ratios.py "$log" "ours" "convert_hf_to_gguf bf16" "llama-quantize Q4_K_M" "mlx_lm.convert -q" \
  "genai model builder int4" "optimum-cli int4"
