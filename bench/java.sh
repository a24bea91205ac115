#!/usr/bin/env bash
# Runs a class of the test sources: bench/java.sh CLASS ARGUMENTS...
#   bench/java.sh phiquant.bench.GgufPerplexity TEXT_FILE [TYPE...]
#   bench/java.sh org.openjdk.jmh.Main KernelBenchmark
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ ! -f core/target/classpath.txt ] || [ -n "$(find core/src core/pom.xml pom.xml -newer core/target/classpath.txt -print -quit)" ]; then
  mvn -q -B -ntp -pl core -DskipTests -Dspotless.check.skip -Dmaven.source.skip -Dmaven.javadoc.skip package dependency:build-classpath \
    -Dmdep.outputFile=target/classpath.txt >&2
fi
for java in "${PHIQUANT_JAVA:-}" "${JAVA_HOME:-}/bin/java" /usr/lib/jvm/*25*/bin/java java; do
  if [ -x "$java" ] && "$java" --version 2> /dev/null | grep -qE '^openjdk (2[5-9]|[3-9][0-9])'; then break; fi
done
# The limits are those of the start script, which says why.
exec "$java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  -XX:PerMethodTrapLimit=100000 -XX:PerMethodRecompilationCutoff=100000 \
  -cp "core/target/classes:core/target/test-classes:$(cat core/target/classpath.txt)" "$@"
