#!/usr/bin/env bash
# What every number format costs on one thread, from floats to the bytes of an artifact, beside copying its source:
#   bench/formats.sh [NAMES [OLD_CHECKOUT]]
# NAMES is a regular expression ('mlx .*', 'gguf Q4_0'). With an older checkout that is built, both builds in turn in
# one JVM, and their bytes must be equal. BITS=128 shows what vectors of 128 bits take. CPU time, medians of 7 turns.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
grep -m1 'model name' /proc/cpuinfo | cut -d: -f2
grep -m1 '^flags' /proc/cpuinfo | grep -oE '\b(avx2|avx512f|avx512bw|avx512vl|avx512_vbmi|f16c)\b' | sort -u | xargs
old=()
[ "$#" -lt 2 ] || old=("$(realpath "$2")/core/target/classes")
bench/java.sh ${BITS:+-XX:MaxVectorSize=$((BITS / 8))} phiquant.bench.FormatSpeed "${1:-.*}" "${old[@]}" 2> /dev/null
