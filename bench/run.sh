#!/usr/bin/env bash
# Tokens per second, side by side with llama.cpp in one run on the same files and threads:
#   bench/run.sh [CHECKPOINT_FOLDER|PHI_3_5_MINI|PHI_4_MINI|PHI_4|PHI_MINI_MOE [TYPE...]]
# smolphi-wide and Q4_K_M Q4_0 Q8_0 F16 by default. A prompt of 256 tokens, then 64 one by one; a JSON
# line for each engine and file. REPETITIONS (3) and THREADS (all) may be set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
library="$(engines/install.sh llama)/package/bins/linux-x64"
cache="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}"
model="${1:-$cache/fixtures/smolphi-wide}"
types=("${@:2}")
[ "${#types[@]}" -gt 0 ] || types=(Q4_K_M Q4_0 Q8_0 F16)
case "$model" in PHI_*) model="$(bench/synthetic.sh "$model")" ;; esac
threads="${THREADS:-$(nproc)}"
repetitions="${REPETITIONS:-3}"
work="$(mktemp -d -p "$cache")"
trap 'rm -rf "$work"' EXIT
for type in "${types[@]}"; do
  ./phiquant quantize "$model" --to "gguf:$type" -o "$work" -q >&2
  file="$(echo "$work"/*.gguf)"
  cat "$file" > /dev/null # Both find it in memory.
  python3 bench/llama_run.py "$library" "$file" "$threads" "$repetitions"
  # Twice as many, for the first of ours are slowed by the JIT compiler.
  bench/java.sh phiquant.bench.RunSpeed "$file" "$threads" "$((2 * repetitions))" 2> /dev/null
  rm -f "$file"
done
