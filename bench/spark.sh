#!/usr/bin/env bash
# What Spark costs on one machine: the same targets by the command alone and by spark-submit with as many cores, in turn; the
# seconds that each says at its end, which leaves out the JVM's and Spark's own start, and those of the whole process.
#   bench/spark.sh SPARK_SUBMIT TURNS CHECKPOINT TARGET...
# SPARK_SUBMIT is the command of a Spark 4.2 on Java 25.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
submit="$1" turns="$2" checkpoint="$3"
shift 3
targets=()
for target in "$@"; do targets+=(--to "$target"); done
out="$(mktemp -d "${TMPDIR:-/tmp}/spark-bench.XXXX")"
trap 'rm -rf "$out"' EXIT
grep -m1 'model name' /proc/cpuinfo
cores="$(nproc)"

run() { # NAME COMMAND...
  local name="$1" begin end
  shift
  rm -rf "${out:?}/made"
  begin=$(date +%s.%N)
  "$@" quantize "$checkpoint" "${targets[@]}" -o "$out/made" > "$out/log" 2> "$out/err" || { cat "$out/err"; exit 1; }
  end=$(date +%s.%N)
  echo "$name $(sed -n 's/^Done in \(.*\) s\.$/\1/p' "$out/log") $(echo "$end - $begin" | bc)" | tee -a "$out/times"
}

for _ in $(seq "$turns"); do
  run alone ./phiquant
  run spark "$submit" --master "local[$cores]" --conf spark.ui.enabled=false spark/target/phiquant-spark.jar
done
for name in alone spark; do
  for column in 2 3; do
    echo "$name, $([ $column = 2 ] && echo work || echo process), median s:" \
      "$(grep "^$name " "$out/times" | cut -d' ' -f$column | sort -n | sed -n "$(((turns + 1) / 2))p")"
  done
done
