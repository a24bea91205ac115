#!/usr/bin/env bash
# OpenVINO IR, side by side with optimum-cli (optimum-intel, NNCF, PyTorch) in one run on the same checkpoint:
#   bench/openvino.sh [PHI_3_5_MINI|PHI_4_MINI|PHI_4 [FORMAT...]]    random weights in a released model's shapes
#   bench/openvino.sh CHECKPOINT_FOLDER [FORMAT...]
# The peer makes int4,sym,group=128,ratio=0.6, the recipe of Microsoft's cookbook; so do we, and the formats.
# Prints wall, CPU, memory and ratios; then load time and tokens per second of both IRs in OpenVINO; then
# how many constants are equal.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/.."
peer="$(bench/peers.sh exporters)/exporters/venv/bin"
python="$(engines/install.sh openvino)/venv/bin/python"
model="${1:-PHI_3_5_MINI}"
shift || true
if [ ! -d "$model" ]; then model="$(bench/synthetic.sh "$model")"; fi
work="$(mktemp -d -p "${PHIQUANT_CACHE:-$HOME/.cache/phiquant}")"
trap 'rm -rf "$work"' EXIT
log="$work/log"
# What an earlier run left to be written must not burden the next: ours waits for the disk.
measure() { sync; python3 bench/measure.py "$@" 2>> "$work/chatter" | grep '^{"label"' | tee -a "$log" >&2; }

./phiquant version > /dev/null
recipe="int4,sym,group=128,ratio=0.6"
for spec in "$recipe" "${@:-int4}"; do
  measure "ours $spec" -- ./phiquant quantize "$model" --to "openvino:$spec" -o "$work/$spec" -q
  if [ "$spec" != "$recipe" ]; then rm -rf "${work:?}/$spec"; fi
done
measure "optimum-cli $recipe" -- env HF_HUB_OFFLINE=1 "$peer/optimum-cli" export openvino -m "$model" \
  --task text-generation-with-past --weight-format int4 --sym --group-size 128 --ratio 0.6 "$work/theirs"
ours="$(echo "$work/$recipe"/*/)"
echo
echo "$(basename "$model"), $(nproc) threads:"
python3 bench/ratios.py "$log" "ours" "optimum-cli $recipe"
echo
"$python" engines/openvino_speed.py 32 6 "$ours" "$work/theirs"
"$python" - "$ours" "$work/theirs" << 'EOF'
import hashlib, sys
import xml.etree.ElementTree as tree

def constants(folder):
    found = {}
    with open(f"{folder}/openvino_model.bin", "rb") as bin:
        for layer in tree.parse(f"{folder}/openvino_model.xml").iter("layer"):
            name = layer.get("name").removeprefix("self.").replace("._openvino_orig_weight", ".weight")
            if layer.get("type") == "Const" and ".weight" in name:
                data = layer.find("data")
                bin.seek(int(data.get("offset")))
                digest = hashlib.sha256(bin.read(int(data.get("size")))).digest()
                found[name] = data.get("element_type"), data.get("shape"), digest
    return found

ours, theirs = map(constants, sys.argv[1:])
same = sum(ours.get(name) == constant for name, constant in theirs.items())
missing = sum(name not in ours for name in theirs)
print(f"Of the peer's {len(theirs)} constants of weights {same} are equal in ours, {missing} have another name there.")
EOF
