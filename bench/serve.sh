#!/usr/bin/env bash
# Eight clients for two minutes at phiquant's server: whole and streamed answers, hang-ups, nonsense.
# Prints counts, what was wrong (nothing should be), and the server's memory before and after.
# Nothing is rounded: with int8 activations a near tie may fall otherwise when a prompt is reused.
#   bench/serve.sh ARTIFACT [CLIENTS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
artifact="$1" clients="${2:-8}" seconds="${3:-120}"
python="$(engines/install.sh openai)/venv/bin/python"
log="$(mktemp)"
./phiquant serve "$artifact" --port 0 --temp 0 --ctx 1024 --activations f32 --cache-type f32 > /dev/null 2> "$log" &
launcher=$!
java=""
trap '[ -z "$java" ] || kill "$java"; wait "$launcher" || true; rm -f "$log"' EXIT
until grep -q '^Serving' "$log"; do
  kill -0 "$launcher" || { cat "$log" >&2; exit 1; }
  sleep 0.2
done
java="$(pgrep -P "$launcher" java)"
url="$(sed -n 's/.*\(http:[^;]*\);.*/\1/p' "$log")"
model="$(sed -n 's/^Serving \(.*\) at http.*/\1/p' "$log")"
memory() { awk '/VmRSS/ { printf "%d MB resident", $2 / 1024 }' "/proc/$java/status"; }
files() { find "/proc/$java/fd" -type l | wc -l; }

"$python" engines/openai_driver.py load "$url" "$model" 2 5 > /dev/null # Until it is warm.
echo "before: $(memory), $(files) open files"
"$python" engines/openai_driver.py load "$url" "$model" "$clients" "$seconds"
echo
sleep 2
echo "after: $(memory), $(files) open files"
"$python" -c "import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1]).read().decode())" "$url/health"
