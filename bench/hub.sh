#!/usr/bin/env bash
# A model from a hub on this machine, side by side with the same files on the disk: four targets, in pairs.
#   bench/hub.sh [CHECKPOINT_FOLDER [PAIRS [LINE_MB_A_SECOND]]]
# The hub is the one that the tests use, in a process of its own, whose time is not counted but whose cores are shared.
# Prints both sides' wall, CPU and memory, the median of the pairs' ratios; then a run with 30 % of all connections
# cut, which must make the same bytes, and one over a line of a given rate beside the pure transfer.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."
model="${1:-$HOME/.cache/phiquant/fixtures/smolphi-wide}"
pairs="${2:-5}"
line="${3:-100}"
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
hub=""
trap '[ -z "$hub" ] || kill "$hub" 2> /dev/null || true; rm -rf "$work"' EXIT
./phiquant version > /dev/null
[ -d core/target/test-classes/phiquant/hub ] || mvn -q -o -B -ntp test-compile -pl core
java="${PHIQUANT_JAVA:-$(ls -d /usr/lib/jvm/*25*/bin/java "$HOME"/.sdkman/candidates/java/25*/bin/java 2> /dev/null | head -n 1 || true)}"
classes="core/target/test-classes:core/target/classes:$(find "$HOME/.m2/repository/com/fasterxml/jackson" -name 'jackson-*.jar' | tr '\n' ':')"
id="phiquant-bench/$(basename "$model")" # Not what would lie in a folder that exists here.
export HF_HOME="$work/cache"

serve() { # [MB A SECOND [SHARE CUT]]: a hub, whose address is in HF_ENDPOINT.
  [ -z "$hub" ] || { kill "$hub"; wait "$hub" 2> /dev/null || true; }
  "${java:-java}" -XX:TieredStopAtLevel=1 -cp "$classes" phiquant.hub.TestHub "$model" "$id" "$@" > "$work/address" &
  hub=$!
  for _ in $(seq 600); do [ -s "$work/address" ] && break; sleep 0.1; done
  HF_ENDPOINT="$(cat "$work/address")"
  export HF_ENDPOINT
}
quantize() { # LABEL SOURCE FOLDER
  rm -rf "${work:?}/$3"
  sync
  python3 bench/measure.py "$1" -- ./phiquant quantize "$2" \
    --to gguf:Q4_K_M --to mlx:4bit --to onnx:int4 --to openvino:int4 -o "$work/$3" -q 2>&1 | grep '^{"label"' | tee -a "$work/log"
}

cat "$model"/*.safetensors > /dev/null
serve
for _ in $(seq "$pairs"); do
  quantize "disk" "$model" disk
  quantize "hub" "$id" hub
done
python3 - "$work/log" << 'END'
import json, statistics, sys
runs = [json.loads(line) for line in open(sys.argv[1])]
walls = {side: [run["wall_s"] for run in runs if run["label"] == side] for side in ("disk", "hub")}
ratios = [hub / disk for disk, hub in zip(walls["disk"], walls["hub"])]
print(f"disk {statistics.median(walls['disk']):.2f} s, hub {statistics.median(walls['hub']):.2f} s, "
      f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), "
      f"most RssAnon of a run from the hub {max(run['anon_mb'] for run in runs if run['label'] == 'hub'):.0f} MB")
END
diff -r "$work/disk" "$work/hub" && echo "the same bytes"
[ ! -e "$work/cache" ] && echo "nothing in the cache"
du -sb "$work/disk" "$work/hub" | sed 's/\t.*\//\t/'
serve 0 0.3
quantize "hub, 30 % cut" "$id" cut
diff -r "$work/disk" "$work/cut" && echo "the same bytes with 30 % of connections cut"
serve "$line"
quantize "hub, $line MB/s" "$id" slow
bytes="$(cat "$model"/*.safetensors | wc -c)"
python3 -c "print(f'the pure transfer takes {$bytes / ($line * 1e6):.2f} s')"
# What SHA-256 alone costs of it, on one core.
python3 bench/measure.py "sha256" -- sha256sum "$model"/*.safetensors 2>&1 | grep '^{"label"'
