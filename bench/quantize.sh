#!/usr/bin/env bash
# GGUF, side by side with llama.cpp in one run on the same checkpoint:
#   bench/quantize.sh [PHI_3_5_MINI|PHI_4_MINI|PHI_4 [TYPE...]]    random weights in those shapes
#   bench/quantize.sh CHECKPOINT_FOLDER [TYPE...]
# Types: Q4_K_M Q8_0 Q4_0 by default. Peer: convert_hf_to_gguf.py --outtype bf16, then
# llama_model_quantize. Prints wall, CPU, memory, ratios.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."
peers="$(bench/peers.sh)/llama"
library="$(engines/install.sh llama)/package/bins/linux-x64"
model="${1:-PHI_3_5_MINI}"
types=("${@:2}")
[ "${#types[@]}" -gt 0 ] || types=(Q4_K_M Q8_0 Q4_0)
declare -A file_type=([F16]=1 [Q4_0]=2 [Q4_1]=3 [Q8_0]=7 [Q5_0]=8 [Q5_1]=9 [Q2_K]=10 [Q3_K_M]=12
  [Q4_K_S]=14 [Q4_K_M]=15 [Q5_K_M]=17 [Q6_K]=18 [IQ4_NL]=25 [IQ4_XS]=30)
if [ ! -d "$model" ]; then model="$(bench/synthetic.sh "$model")"; fi
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
log="$work/log"
threads="$(nproc)"
# What an earlier run left to be written must not burden the next: ours waits for the disk.
measure() { sync; python3 bench/measure.py "$@" 2>> "$work/chatter" | grep '^{"label"' | tee -a "$log" >&2; }

./phiquant version > /dev/null
cat "$model"/*.safetensors > /dev/null # Both find the checkpoint in memory, as far as it fits.
for type in "${types[@]}"; do
  measure "ours $type" -- ./phiquant quantize "$model" --to "gguf:$type" -o "$work/ours" -q
  rm -rf "$work/ours"
done
measure "convert_hf_to_gguf bf16" -- "$peers/venv/bin/python" \
  "$peers/source/vendor/llama.cpp/convert_hf_to_gguf.py" "$model" --outtype bf16 --outfile "$work/bf16.gguf"
for type in "${types[@]}"; do
  measure "llama-quantize $type" -- python3 bench/llama_quantize.py "$library" \
    "$work/bf16.gguf" "$work/theirs.gguf" "${file_type[$type]}" "$threads"
  rm -f "$work/theirs.gguf"
done
for type in "${types[@]}"; do
  echo
  echo "$type, $(basename "$model"), $threads threads:"
  python3 bench/ratios.py "$log" "ours $type" "convert_hf_to_gguf bf16" "llama-quantize $type"
done
