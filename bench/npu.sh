#!/usr/bin/env bash
# What a folder for Qualcomm's HTP costs, to write and to compile:
#   bench/npu.sh write [CHECKPOINT [PAIRS]]   smolphi-wide: onnx:int4 and the folder for the NPU in turns, and their ratio
#   bench/npu.sh compile [CHECKPOINT [CONTEXT [FORMAT]]]
#                                             the folder compiled and checked; seconds of processor time of the whole and
#                                             of phiquant itself, which is not Qualcomm's library
#   bench/npu.sh large [SHAPE]                Phi-3.5-mini's shape (random weights): memory while the folder is written, and
#                                             one of its layers and its head compiled, from which the whole is worked out
# Quality in the simulator: bench/java.sh phiquant.bench.NpuPerplexity TEXT.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cache="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}"
work="$(mktemp -d -p "$cache")"
trap 'rm -rf "$work"' EXIT
qnn="$(engines/install.sh npu)/venv"
grep -m1 'model name' /proc/cpuinfo | cut -d: -f2
./phiquant version > /dev/null
wide="$cache/fixtures/smolphi-wide"

measure() { sync; python3 bench/measure.py "$@" 2> /dev/null | grep '^{"label"'; }

# compile FOLDER OUT: what npu says, then a line of JSON.
compile() {
  python3 - ./phiquant npu "$1" --qnn "$qnn" -o "$2" << 'END'
import json, resource, subprocess, sys, time
start = time.time()
process = subprocess.Popen(sys.argv[1:])
own = 0.0
while process.poll() is None:
    try:
        fields = open(f"/proc/{process.pid}/stat").read().rpartition(")")[2].split()
        own = max(own, (int(fields[11]) + int(fields[12])) / 100)  # Clock ticks of the JVM alone.
    except OSError:
        pass
    time.sleep(0.02)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"code": process.returncode, "wall_s": round(time.time() - start, 1),
                  "cpu_s": round(used.ru_utime + used.ru_stime, 1), "ours_cpu_s": round(own, 2),
                  "largest_mb": used.ru_maxrss // 1000}))
END
}

case "${1:-}" in
  write)
    model="${2:-$wide}"
    for _ in $(seq "${3:-3}"); do
      rm -rf "$work/out"
      measure "onnx:int4" -- ./phiquant quantize "$model" --to onnx:int4 -o "$work/out" -q | tee -a "$work/log"
      measure "onnx:int4,device=npu" -- ./phiquant quantize "$model" --to onnx:int4,device=npu -o "$work/out" -q \
        | tee -a "$work/log"
    done
    python3 - "$work/log" << 'END'
import json, statistics, sys
rows = [json.loads(line) for line in open(sys.argv[1])]
for key in ("wall_s", "cpu_s"):
    ratios = [npu[key] / cpu[key] for cpu, npu in zip(rows[::2], rows[1::2])]
    print(f"{key}: {statistics.median(ratios):.2f} times onnx:int4 ({min(ratios):.2f} to {max(ratios):.2f})")
END
    ;;
  compile)
    model="${2:-$wide}" context="${3:-256}" format="${4:-int4}"
    ./phiquant quantize "$model" --to "onnx:$format,device=npu,context=$context" -o "$work/out" -q
    compile "$work"/out/*-npu* "$work/compiled"
    ;;
  large)
    model="$(bench/synthetic.sh "${2:-PHI_3_5_MINI}")"
    measure "onnx:int4,device=npu" -- ./phiquant quantize "$model" --to onnx:int4,device=npu -o "$work/out" -q
    rm -rf "$work/out"
    # The first layer, the embedding and the head, as a model of one layer.
    python3 - "$model" "$work/one" << 'END'
import json, os, shutil, struct, sys
source, target = sys.argv[1:]
os.mkdir(target)
header, places, at = {}, [], 0
for name in sorted(os.listdir(source)):
    path = os.path.join(source, name)
    if not name.endswith(".safetensors"):
        if not name.endswith("index.json"):
            shutil.copy(path, target)
        continue
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        for key, tensor in json.loads(file.read(length)).items():
            if key != "__metadata__" and (".layers." not in key or ".layers.0." in key):
                begin, end = tensor["data_offsets"]
                header[key] = {**tensor, "data_offsets": [at, at + end - begin]}
                places.append((path, 8 + length + begin, end - begin))
                at += end - begin
text = json.dumps(header).encode()
with open(os.path.join(target, "model.safetensors"), "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text)
    for path, begin, size in places:
        with open(path, "rb") as file:
            file.seek(begin)
            out.write(file.read(size))
config = os.path.join(target, "config.json")
facts = json.load(open(config))
facts["num_hidden_layers"] = 1
json.dump(facts, open(config, "w"))
END
    ./phiquant quantize "$work/one" --to "onnx:int4,device=npu" -o "$work/out" -q
    compile "$work"/out/*-npu* "$work/compiled"
    ;;
  *)
    sed -n 's/^# \{0,1\}//p' "$0" | sed 1d >&2
    exit 2
    ;;
esac
