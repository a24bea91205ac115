#!/usr/bin/env bash
# Makes a checkpoint with a released model's shapes and random weights; prints its folder.
#   bench/synthetic.sh PHI_3_5_MINI|PHI_4_MINI|PHI_4|PHI_4_SPARSE
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
name="$(echo "$1" | tr 'A-Z' 'a-z' | sed 's/phi_3_5/phi-3.5/; s/_/-/g')"
folder="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}/fixtures/synthetic-$name"
if [ ! -d "$folder" ]; then
  mvn -q -B -ntp -DskipTests -Dspotless.check.skip package dependency:build-classpath \
    -Dmdep.outputFile=target/classpath.txt >&2
  java="${PHIQUANT_JAVA:-$(ls -d /usr/lib/jvm/*25*/bin/java | head -n 1)}"
  "$java" --add-modules jdk.incubator.vector \
    -cp "target/classes:target/test-classes:$(cat target/classpath.txt)" \
    phiquant.fixtures.Synthetic "$1" >&2
fi
echo "$folder"
