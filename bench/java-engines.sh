#!/usr/bin/env bash
# Tokens per second beside other engines in Java, in one run on the same weights and all processors:
#   bench/java-engines.sh [CHECKPOINT_FOLDER]     (smolphi-wide by default)
# They read no Phi, so the weights are put in Llama's layout for them: llama3.java reads the very codes
# of our Q4_0; Jlama makes its own Q4 from the checkpoint, and reads bfloat16. Jlama comes from Maven;
# llama3.java, a single file, is named in LLAMA3_JAVA or left out. REPETITIONS (6) may be set. That they
# compute the same model shows in "continues": the tokens that each adds to "1, 2, 3, 4, 5,".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}"
model="${1:-$cache/fixtures/smolphi-wide}"
repetitions="${REPETITIONS:-6}"
threads="$(nproc)"
work="$(mktemp -d -p "$cache")"
trap 'rm -rf "$work"' EXIT
./phiquant quantize "$model" --to gguf:Q4_0 -o "$work/gguf" -q >&2
file="$(echo "$work"/gguf/*.gguf)"
bench/java.sh phiquant.bench.RunSpeed "$file" "$threads" "$repetitions" 2> /dev/null
for java in "${JAVA_HOME:-none}" /usr/lib/jvm/*; do
  if [ -x "$java/bin/javac" ] && "$java/bin/javac" --version | grep -qE "javac (2[5-9]|[3-9][0-9])"; then break; fi
done
vectors=(--add-modules jdk.incubator.vector)
if [ -n "${LLAMA3_JAVA:-}" ]; then
  python3 bench/llama_layout.py "$file" "$work/llama-Q4_0.gguf"
  "$java/bin/javac" -nowarn "${vectors[@]}" -d "$work/llama3" "$LLAMA3_JAVA" bench/java_engines/Llama3Speed.java 2> /dev/null
  for batch in 16 256; do # Its own, and ours.
    "$java/bin/java" "${vectors[@]}" -Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0 -cp "$work/llama3" \
      com.llama4j.Llama3Speed "$work/llama-Q4_0.gguf" "$repetitions" "$batch" 2> /dev/null | grep engine
  done
fi
cat > "$work/pom.xml" << 'POM'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>bench</groupId>
  <artifactId>bench</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>com.github.tjake</groupId>
      <artifactId>jlama-core</artifactId>
      <version>0.8.4</version>
    </dependency>
    <dependency>
      <groupId>com.github.tjake</groupId>
      <artifactId>jlama-native</artifactId>
      <version>0.8.4</version>
      <classifier>linux-x86_64</classifier>
    </dependency>
  </dependencies>
</project>
POM
mvn -q -B -ntp -f "$work/pom.xml" dependency:build-classpath -Dmdep.outputFile="$work/classpath.txt" >&2
jlama="$(cat "$work/classpath.txt")"
python3 bench/llama_layout.py "$model" "$work/llama"
"$java/bin/javac" -nowarn "${vectors[@]}" -cp "$jlama" -d "$work/jlama" bench/java_engines/JlamaSpeed.java 2> /dev/null
for type in Q4 BF16; do
  "$java/bin/java" "${vectors[@]}" --enable-native-access=ALL-UNNAMED --enable-preview -cp "$work/jlama:$jlama" \
    JlamaSpeed "$work/llama" "$repetitions" "$type" "$threads" 2> /dev/null
done
