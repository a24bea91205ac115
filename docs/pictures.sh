#!/usr/bin/env bash
# Makes the README's pictures again, of the demo's report and of the chat page, in a real Chromium: docs/pictures.sh [DEMO]
# DEMO is a folder that `phiquant demo` has left; without it the demo runs first. Needs what the tests have compiled
# (mvn verify).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
demo="${1:-}"
if [ -z "$demo" ]; then
  demo="$(mktemp -d)"
  trap 'rm -rf "$demo"' EXIT
  ./phiquant demo -o "$demo"
fi
java="${PHIQUANT_JAVA:-$(ls -d /usr/lib/jvm/*25*/bin/java "$HOME"/.sdkman/candidates/java/25*/bin/java 2> /dev/null | head -n 1 || true)}"
mkdir -p docs/pictures
"${java:-java}" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp \
  "program/target/test-classes:core/target/test-classes:program/target/phiquant.jar:$(find "$HOME/.m2/repository/org/assertj" -name 'assertj-core-*.jar' | head -n 1)" \
  phiquant.serve.FrontPagePictures "$demo" smolphi-135m-Q8_0.gguf docs/pictures
ls -l docs/pictures
