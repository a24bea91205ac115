#!/usr/bin/env bash
# Whether encoders are as fast in every start of the JVM, with the start script's options and no cache of classes:
#   bench/starts.sh STARTS ROUNDS FORMAT...      for example 16 120 'mlx affine 4'
# Prints a line for each start: nanoseconds per weight at best, of each of two threads. OPTIONS are given to java.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for ((i = 0; i < $1; i++)); do
  # shellcheck disable=SC2086
  bench/java.sh -XX:+UseSerialGC -XX:CompileCommand=quiet \
    '-XX:CompileCommand=BackgroundCompilation,phiquant/quant/*.*,false' \
    '-XX:CompileCommand=CompileThresholdScaling,phiquant/quant/*.*,0.01' ${OPTIONS:-} \
    phiquant.bench.Starts "${@:2}" 2> /dev/null
done
