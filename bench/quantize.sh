#!/usr/bin/env bash
# GGUF, side by side with llama.cpp in one run on the same checkpoint:
#   bench/quantize.sh [PHI_3_5_MINI|PHI_4_MINI|PHI_4]    random weights in a released model's shapes
#   bench/quantize.sh CHECKPOINT_FOLDER
# Peer: convert_hf_to_gguf.py --outtype bf16, then llama_model_quantize. Prints wall, CPU, memory, ratios.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."
peers="$(bench/peers.sh)/llama"
library="$(engines/install.sh llama)/package/bins/linux-x64"
model="${1:-PHI_3_5_MINI}"
if [ ! -d "$model" ]; then model="$(bench/synthetic.sh "$model")"; fi
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
log="$work/log"
threads="$(nproc)"
measure() { python3 bench/measure.py "$@" 2>> "$work/chatter" | grep '^{"label"' | tee -a "$log" >&2; }

./phiquant version > /dev/null
for type in Q4_K_M Q8_0 Q4_0 F16; do
  measure "ours $type" -- ./phiquant quantize "$model" --to "gguf:$type" -o "$work/ours" -q
  rm -rf "$work/ours"
done
measure "convert_hf_to_gguf bf16" -- "$peers/venv/bin/python" \
  "$peers/source/vendor/llama.cpp/convert_hf_to_gguf.py" "$model" --outtype bf16 --outfile "$work/bf16.gguf"
for pair in Q4_K_M:15 Q8_0:7 Q4_0:2; do
  measure "llama-quantize ${pair%%:*}" -- python3 bench/llama_quantize.py "$library" \
    "$work/bf16.gguf" "$work/theirs.gguf" "${pair##*:}" "$threads"
  rm -f "$work/theirs.gguf"
done
for type in Q4_K_M Q8_0 Q4_0; do
  echo
  echo "$type, $(basename "$model"), $threads threads:"
  python3 bench/ratios.py "$log" "ours $type" "convert_hf_to_gguf bf16" "llama-quantize $type"
done
