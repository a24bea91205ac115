#!/usr/bin/env bash
# A picture of 4000 × 3000 made ready for Phi-3.5-vision by Pillow and numpy and by phiquant, in turns, and a picture of four tiles
# seen; a line each time: seconds by the clock, seconds of processor time:
#   bench/pictures.sh [TURNS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
grep -m1 'model name' /proc/cpuinfo | cut -d: -f2
peer="$(mktemp -d)"
trap 'rm -rf "$peer"' EXIT
python3 -m venv "$peer"
"$peer/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.5 pillow==13.0.0
for ((turn = 0; turn < ${1:-3}; turn++)); do
  for crops in 4 16; do
    echo "Pillow and numpy, $crops crops"
    "$peer/bin/python" bench/picture_speed.py 4000 3000 "$crops" 7
    echo "phiquant, $crops crops"
    bench/java.sh phiquant.bench.PictureSpeed 4000 3000 "$crops" 7 2> /dev/null
  done
done
echo "phiquant, four tiles through the tower"
bench/java.sh phiquant.bench.PictureSpeed tower 2 2> /dev/null
