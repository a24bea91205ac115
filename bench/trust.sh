#!/usr/bin/env bash
# What it costs to trust no file: quantizing to four targets in one pass, in turns with an older build.
#   bench/trust.sh OLD.jar [PHI_3_5_MINI|PHI_4_MINI|PHI_4|CHECKPOINT_FOLDER [PAIRS]]
# Both jars run with the same flags and without a cache of classes. Prints the processor, every pair, and
# the medians of 7 pairs with their spread: wall, CPU, and memory of their own (RssAnon).
set -euo pipefail
old="$(realpath "$1")"
model="${2:-PHI_3_5_MINI}"
pairs="${3:-7}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PHIQUANT_NO_AOT=1 ./phiquant version > /dev/null # Builds what is to be measured.
new="$PWD/program/target/phiquant.jar"
if [ ! -d "$model" ]; then model="$(bench/synthetic.sh "$model")"; fi
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
for java in "${PHIQUANT_JAVA:-}" "${JAVA_HOME:-}/bin/java" /usr/lib/jvm/*25*/bin/java java; do
  if [ -x "$java" ] && "$java" --version 2> /dev/null | grep -qE '^openjdk (2[5-9]|[3-9][0-9])'; then break; fi
done
# As the start script has them, which says why.
flags=(--add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED
  -XX:PerMethodTrapLimit=100000 -XX:PerMethodRecompilationCutoff=100000 -XX:+UseSerialGC -Xlog:disable
  -XX:CompileCommand=quiet '-XX:CompileCommand=BackgroundCompilation,phiquant/quant/*.*,false'
  '-XX:CompileCommand=CompileThresholdScaling,phiquant/quant/*.*,0.01')
measure() { # LABEL JAR
  sync # What an earlier run left to be written must not burden the next.
  python3 bench/measure.py "$1" -- "$java" "${flags[@]}" -jar "$2" quantize "$model" -q -o "$work/out" \
    --to gguf:Q4_K_M --to mlx:4bit --to onnx:int4 --to openvino:int4 2>&1 | grep '^{"label"' | tee -a "$work/log"
  rm -rf "$work/out"
}
grep -m 1 'model name' /proc/cpuinfo
cat "$model"/*.safetensors > /dev/null
for ((i = 0; i < pairs; i++)); do
  if ((i % 2)); then measure new "$new" && measure old "$old"; else measure old "$old" && measure new "$new"; fi
done
python3 - "$work/log" << 'END'
import json, statistics, sys
runs = [json.loads(line) for line in open(sys.argv[1])]
for key in ("wall_s", "cpu_s", "anon_mb"):
    old, new = ([run[key] for run in runs if run["label"] == which] for which in ("old", "new"))
    spread = " ".join(f"{n / o:.3f}" for o, n in zip(old, new))
    print(f"{key}: old {statistics.median(old):.2f} new {statistics.median(new):.2f}, "
          f"new / old in each pair {spread}, median {statistics.median(n / o for o, n in zip(old, new)):.3f}")
END
