#!/usr/bin/env bash
# Installs a real engine for the tests, once, outside of the checkout:
#   engines/install.sh llama|mlx|mlx-vlm|onnx|npu|openvino|openai|readers|hub|s3|transformers-js|chromium
# Into $PHIQUANT_CACHE/engines (default ~/.cache/phiquant/engines). Versions are pinned beside this
# script. Prints the engine's folder.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
engines="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}/engines"
mkdir -p "$engines"

# Makes a folder whole or not at all; a stamp says which versions are in it.
install() { # NAME VERSIONS COMMAND...
  local name="$1" versions="$2" target="$engines/$1"
  shift 2
  exec 9> "$engines/$name.lock"
  flock 9
  if [ "$(cat "$target/stamp" 2> /dev/null || true)" != "$versions" ]; then
    rm -rf "$target"
    mkdir -p "$target"
    (cd "$target" && "$@") >&2
    printf '%s' "$versions" > "$target/stamp"
  fi
  flock -u 9
  echo "$target"
}

# Without the module for processors with AMX. In a whole run of the tests on an Intel Xeon, prompts through it gave
# rubbish for Q8_0 and Q4_K_M (a perplexity of 5.6e13 where other processors' modules have 27.7), and what files are
# held against must be right. The loader takes the next best module, which benchmarks of the peer then run too.
llama() {
  npm pack --silent "$1" > /dev/null
  tar xzf ./*.tgz
  rm -f ./*.tgz package/bins/linux-x64/libggml-cpu-sapphirerapids.so
}

python_engine() {
  python3 -m venv venv
  venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check -r "$1"
}

# mlx-vlm without what it needs for sounds, videos and servers: half a gigabyte that tests never load.
mlx_vlm() {
  python_engine "$1"
  venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps "$2"
}

# ONNX Runtime's libraries for CUDA, which its package would fetch from elsewhere, are not needed.
npm_engine() {
  ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund --prefix . "$1" > /dev/null
}

case "${1:-}" in
  llama)
    package="@node-llama-cpp/linux-x64@3.22.1"
    install llama "$package without AMX" llama "$package"
    ;;
  mlx | onnx | npu | openvino | openai | readers | hub | s3)
    list="$here/requirements-$1.txt"
    if [ "$1" = onnx ] && nvidia-smi -L > /dev/null 2>&1; then list="$here/requirements-onnx-cuda.txt"; fi
    install "$1" "$(cat "$list")" python_engine "$list"
    ;;
  mlx-vlm)
    list="$here/requirements-mlx-vlm.txt"
    package="mlx-vlm==0.7.10"
    install mlx-vlm "$(cat "$list") $package" mlx_vlm "$list" "$package"
    ;;
  transformers-js)
    package="@huggingface/transformers@4.3.2"
    install transformers-js "$package" npm_engine "$package"
    ;;
  chromium) # Debian's; prints the program itself.
    command -v chromium > /dev/null || (apt-get update -qq && apt-get install -y -qq chromium) >&2
    command -v chromium
    ;;
  *)
    echo "usage: engines/install.sh llama|mlx|mlx-vlm|onnx|npu|openvino|openai|readers|hub|s3|transformers-js|chromium" >&2
    exit 2
    ;;
esac
