#!/usr/bin/env bash
# What collecting an importance matrix costs beside reading the text alone, and beside libllama's collector:
#   bench/collect.sh [CHECKPOINT_FOLDER [TOKENS [TURNS]]]
# smolphi-wide as F16, 2048 tokens in sequences of 512, 4 turns by default; a JSON line for each turn, of which the
# first warms up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
engines/install.sh llama > /dev/null
cache="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}"
work="$(mktemp -d -p "$cache")"
trap 'rm -rf "$work"' EXIT
./phiquant quantize "${1:-$cache/fixtures/smolphi-wide}" --to gguf:F16 -o "$work/model.gguf" -q >&2
cat "$work/model.gguf" > /dev/null # Both find it in memory.
bench/java.sh phiquant.bench.CollectSpeed "$work/model.gguf" "${2:-2048}" "${3:-4}" 2> /dev/null
