#!/usr/bin/env bash
# All four targets in one pass, side by side with the four peers one after the other, on one checkpoint:
#   bench/all-targets.sh [PHI_3_5_MINI|PHI_4_MINI|PHI_4]    random weights in a released model's shapes
#   bench/all-targets.sh CHECKPOINT_FOLDER
# Peers: convert_hf_to_gguf.py and llama_model_quantize, mlx_lm.convert, ONNX Runtime GenAI's model builder,
# optimum-cli export openvino. Prints wall, CPU, memory, and ratios to the peers together. The model builder
# takes three times the checkpoint's size in memory (24 GB for Phi-3.5-mini); where that is not there, it is
# left out, and so is its time. Needs some 30 GB of disk and 12 GB of memory.
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
fail() { # LABEL REASON
  tail -n 30 "$work/output" >&2
  echo "error: $1 $2; what it said last is above." >&2
  exit 1
}
# measure LABEL FILE -- COMMAND...: the command must end well and leave the file, which then goes with its folder.
measure() {
  sync # What an earlier run left to be written must not burden the next: ours waits for the disk.
  python3 bench/measure.py "$1" "${@:3}" > "$work/output" 2>&1 || fail "$1" "failed"
  compgen -G "$work/$2" > /dev/null || fail "$1" "left no $2"
  grep '^{"label"' "$work/output" | tail -n 1 | tee -a "$log" >&2
}

./phiquant version > /dev/null
cat "$model"/*.safetensors > /dev/null # All find the checkpoint in memory, as far as it fits.
measure "ours, four targets" "ours/*openvino*/openvino_model.bin" -- ./phiquant quantize "$model" \
  --to gguf:Q4_K_M --to mlx:4bit --to onnx:int4 --to openvino:int4 -o "$work/ours" -q
rm -rf "$work/ours"
measure "convert_hf_to_gguf bf16" "bf16.gguf" -- "$peers/llama/venv/bin/python" \
  "$peers/llama/source/vendor/llama.cpp/convert_hf_to_gguf.py" "$model" --outtype bf16 --outfile "$work/bf16.gguf"
measure "llama-quantize Q4_K_M" "theirs.gguf" -- python3 bench/llama_quantize.py "$library" "$work/bf16.gguf" \
  "$work/theirs.gguf" 15 "$(nproc)"
rm -f "$work"/*.gguf
measure "mlx_lm.convert -q" "theirs/model*.safetensors" -- "$mlx" -m mlx_lm convert --hf-path "$model" \
  --mlx-path "$work/theirs" -q
rm -rf "$work/theirs"
size="$(cat "$model"/*.safetensors | wc -c)"
available="$(($(awk '/MemAvailable/ { print $2 }' /proc/meminfo) * 1024))"
needed="$((size / 4 * 13))"
if [ "$available" -ge "$needed" ]; then
  measure "genai model builder int4" "theirs/model.onnx.data" -- "$exporters/python" \
    -m onnxruntime_genai.models.builder -i "$model" -o "$work/theirs" -p int4 -e cpu -c "$work/cache"
  rm -rf "$work/theirs" "$work/cache"
else
  skipped="ONNX Runtime GenAI's model builder is left out: it needs some $((needed / 1000000)) MB of memory, \
$((available / 1000000)) MB are there. The ratios are to three peers; ours makes the ONNX model all the same."
fi
measure "optimum-cli int4" "theirs/openvino_model.bin" -- "$exporters/optimum-cli" export openvino -m "$model" \
  --task text-generation-with-past --weight-format int4 --group-size 128 --ratio 1 \
  --group-size-fallback adjust "$work/theirs"
echo
echo "$(basename "$model"), $(nproc) threads:"
[ -z "${skipped:-}" ] || echo "$skipped"
python3 bench/ratios.py "$log" "ours" "convert_hf_to_gguf bf16" "llama-quantize Q4_K_M" "mlx_lm.convert -q" \
  "genai model builder int4" "optimum-cli int4"
