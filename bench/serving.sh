#!/usr/bin/env bash
# Many clients at once, this checkout's server beside an older one's, in turns, on the same file:
#   bench/serving.sh OLD_CHECKOUT FILE.gguf [CLIENTS [TOKENS]]
# For each of PAIRS (7) each server is started anew, warmed up for WARM (15) seconds and asked by CLIENTS (8) and by
# one, ROUNDS (3) times, for TOKENS (64) tokens each. Prints the processor, each run as a JSON line, and medians.
# Both checkouts are built (mvn -q -DskipTests package).
set -euo pipefail
old="$(realpath "$1")"
file="$(realpath "$2")"
clients="${3:-8}" tokens="${4:-64}"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
grep -m 1 'model name' /proc/cpuinfo
log="$(mktemp)"
launcher="" java=""
stop() {
  [ -z "$java" ] || kill "$java" 2> /dev/null || true
  [ -z "$launcher" ] || wait "$launcher" || true
  launcher="" java=""
}
trap 'stop; rm -f "$log" "$log.all"' EXIT

serve() { # LABEL CHECKOUT
  "$2/phiquant" serve "$file" --port 0 --temp 0 --ctx 1024 > /dev/null 2> "$log" &
  launcher=$!
  until grep -q '^Serving' "$log"; do
    kill -0 "$launcher" || { cat "$log" >&2; exit 1; }
    sleep 0.2
  done
  java="$(pgrep -P "$launcher" java || echo "$launcher")"
  url="$(sed -n 's/.*\(http:[^;]*\);.*/\1/p' "$log")"
  for count in "$clients" 1; do
    python3 bench/serve_speed.py "$url" "$count" "$tokens" "${ROUNDS:-3}" "${WARM:-15}" \
      | sed "s/^{/{\"build\": \"$1\", /" | tee -a "$log.all"
  done
  stop
}

for ((pair = 0; pair < ${PAIRS:-7}; pair++)); do
  serve old "$old"
  serve new "$PWD"
done
python3 - "$log.all" << 'END'
import json, statistics, sys
runs = [json.loads(line) for line in open(sys.argv[1])]
for clients in sorted({run["clients"] for run in runs}, reverse=True):
    of = {build: [r for r in runs if r["clients"] == clients and r["build"] == build] for build in ("old", "new")}
    for name in ("tok_s", "last_first_token_s"):
        values = {build: [r[name] for r in of[build]] for build in of}
        print(f"{clients} clients, {name}: " + "; ".join(
            f"{build} {statistics.median(v)} ({min(v)} to {max(v)})" for build, v in values.items())
            + "; new / old in each pair " + " ".join(f"{n / o:.3f}" for o, n in zip(values["old"], values["new"])))
END
