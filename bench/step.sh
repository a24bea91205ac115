#!/usr/bin/env bash
# This checkout beside an older one, in turns: what a change costs or saves.
#   bench/step.sh OLD_CHECKOUT [start|quantize|run|tokens]...
# start: `version` and `inspect`, as a user starts them. quantize: Phi-3.5-mini's shapes to four targets in one
# pass, without a cache of classes. run: a prompt of 256 tokens, then 64 one by one, smolphi-wide as Q4_K_M, Q8_0
# and F16. tokens: the same with both builds in one process, in turns of milliseconds, which tells differences that the
# machine's own wandering hides. The first three by default, on MODEL (PHI_3_5_MINI, or a checkpoint's folder) and PAIRS (7). Prints the
# processor, every run as a JSON line, and for each figure the medians and new / old in each pair.
set -euo pipefail
old="$(realpath "$1")"
parts=("${@:2}")
[ "${#parts[@]}" -gt 0 ] || parts=(start quantize run)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
new="$PWD"
cache="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}"
model="${MODEL:-PHI_3_5_MINI}"
case "$model" in PHI_*) model="$(bench/synthetic.sh "$model")" ;; esac
work="$(mktemp -d -p "$cache")"
trap 'rm -rf "$work"' EXIT

measure() { # LABEL COMMAND...
  python3 bench/measure.py "$1" -- "${@:2}" 2> /dev/null | grep '^{"label"' | tee -a "$work/log"
}

start() { # LABEL CHECKOUT
  for command in "version" "inspect $model"; do
    read -ra words <<< "$command"
    measure "$1 ${words[0]}" "$2/phiquant" "${words[@]}"
  done
}

quantize() { # LABEL CHECKOUT
  sync # What an earlier run left to be written must not burden the next.
  PHIQUANT_NO_AOT=1 measure "$1 quantize" "$2/phiquant" quantize "$model" -q -o "$work/out" \
    --to gguf:Q4_K_M --to mlx:4bit --to onnx:int4 --to openvino:int4
  rm -rf "$work/out"
}

run() { # LABEL CHECKOUT
  for file in "$work"/*.gguf; do
    type="$(basename "$file" .gguf)"
    "$2/bench/java.sh" phiquant.bench.RunSpeed "$file" "$(nproc)" 4 2> /dev/null |
      sed "s/^{/{\"label\":\"$1 ${type##*-}\",/" | tee -a "$work/log"
  done
}

class_path() { # CHECKOUT
  local module="$1/core"
  [ -d "$module" ] || module="$1"
  echo "$module/target/classes:$module/target/test-classes:$(cat "$module/target/classpath.txt")"
}

tokens() { # Both orders, for the second of two models in a process has another place in memory.
  for file in "$work"/*.gguf; do
    for order in "$old $new" "$new $old"; do
      read -ra pair <<< "$order"
      echo "$(basename "$file" .gguf), $([ "${pair[0]}" = "$old" ] && echo "as named" || echo "old and new exchanged")"
      bench/java.sh phiquant.bench.SideBySide "$(class_path "${pair[0]}")" "$(class_path "${pair[1]}")" \
        "$file" "$(nproc)" "${ROUNDS:-18}" 2> /dev/null
    done
  done
}

grep -m 1 'model name' /proc/cpuinfo
for checkout in "$old" "$new"; do # Builds what is to be measured, and what the start script learns.
  "$checkout/phiquant" version > /dev/null
  "$checkout/phiquant" inspect "$model" > /dev/null
done
case " ${parts[*]} " in *" run "* | *" tokens "*)
  [ -d "$cache/fixtures/smolphi-wide" ] || { echo "error: the tests make smolphi-wide: mvn verify once." >&2 && exit 1; }
  for type in Q4_K_M Q8_0 F16; do
    ./phiquant quantize "$cache/fixtures/smolphi-wide" -q --to "gguf:$type" -o "$work"
  done
  for checkout in "$old" "$new"; do
    "$checkout/bench/java.sh" phiquant.bench.RunSpeed "$work/smolphi-wide-Q8_0.gguf" 1 1 > /dev/null 2>&1
  done
  ;;
esac
cat "$model"/*.safetensors > /dev/null
for part in "${parts[@]}"; do
  if [ "$part" = tokens ]; then
    tokens
    continue
  fi
  for ((i = 0; i < ${PAIRS:-7}; i++)); do
    if ((i % 2)); then "$part" new "$new" && "$part" old "$old"; else "$part" old "$old" && "$part" new "$new"; fi
  done
done
[ -e "$work/log" ] || exit 0
python3 - "$work/log" << 'END'
import json, statistics, sys
runs = [json.loads(line) for line in open(sys.argv[1])]
for what in dict.fromkeys(run["label"].split()[1] for run in runs):
    for key in ("wall_s", "cpu_s", "anon_mb", "prefill_tok_s", "decode_tok_s"):
        old, new = ([run[key] for run in runs if run["label"] == f"{which} {what}" and key in run] for which in ("old", "new"))
        if old:
            ratios = [n / o for o, n in zip(old, new)]
            print(f"{what} {key}: old {statistics.median(old):.2f} ({min(old):.2f} to {max(old):.2f}), new "
                  f"{statistics.median(new):.2f} ({min(new):.2f} to {max(new):.2f}); new / old in each pair "
                  f"{' '.join(f'{ratio:.3f}' for ratio in ratios)}, median {statistics.median(ratios):.3f}")
END
