#!/usr/bin/env bash
# Nanoseconds per weight of encoders with an importance matrix, ours beside ggml's, one thread, equal bytes:
#   bench/encoders.sh [TYPE...]
# IQ1 to IQ4 by default. TURNS (6) may be set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
engines/install.sh llama > /dev/null
grep -m1 'model name' /proc/cpuinfo | cut -d: -f2
types=("$@")
[ "${#types[@]}" -gt 0 ] || types=(IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ3_XXS IQ3_S IQ4_NL IQ4_XS)
bench/java.sh phiquant.bench.EncoderSpeed "${TURNS:-6}" "${types[@]}" 2> /dev/null
