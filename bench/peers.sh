#!/usr/bin/env bash
# Installs the peers that benchmarks compare with, once, into $PHIQUANT_CACHE/peers; several GB.
# Prints the folder.
#   llama: convert_hf_to_gguf.py and gguf-py from the source distribution of llama-cpp-python, with
#          PyTorch and transformers 4.57 (5 changes tokenizers); libllama comes from engines/install.sh
set -euo pipefail
peers="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}/peers"
mkdir -p "$peers"
if [ ! -f "$peers/llama/done" ]; then
  (
    rm -rf "$peers/llama"
    mkdir -p "$peers/llama/source"
    cd "$peers/llama"
    python3 -m pip download --no-deps --no-binary llama-cpp-python llama-cpp-python==0.3.36 -d .
    tar xzf llama_cpp_python-*.tar.gz -C source --strip-components=1
    python3 -m venv venv
    venv/bin/python -m pip install --quiet --no-compile torch transformers==4.57.3 numpy==2.3.5 \
      sentencepiece protobuf gguf
    touch done
  ) >&2
fi
echo "$peers"
