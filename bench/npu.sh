#!/usr/bin/env bash
# What a folder for Qualcomm's HTP costs, to write and to compile:
#   bench/npu.sh write [CHECKPOINT [PAIRS]]   smolphi-wide: onnx:int4 and the folder for the NPU in turns, and their ratio
#   bench/npu.sh compile [CHECKPOINT [CONTEXT [FORMAT]]]
#                                             the folder compiled and checked; seconds of processor time of the whole and
#                                             of phiquant itself, which is not Qualcomm's library
#   bench/npu.sh large [SHAPE [CONTEXT [PARTS]]]
#                                             Phi-3.5-mini's shape (random weights): memory while the folder is written, and
#                                             while the whole is compiled, its layers in parts, without the simulator
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

# compile FOLDER OUT [OPTION]: what npu says, then a line of JSON.
compile() {
  python3 - ./phiquant npu "$1" --qnn "$qnn" -o "$2" "${@:3}" << 'END'
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
    measure "onnx:int4,device=npu" -- ./phiquant quantize "$model" \
      --to "onnx:int4,device=npu,context=${3:-512},parts=${4:-4}" -o "$work/out" -q
    compile "$work"/out/*-npu "$work/compiled" --no-check
    ;;
  *)
    sed -n 's/^# \{0,1\}//p' "$0" | sed 1d >&2
    exit 2
    ;;
esac
