#!/usr/bin/env bash
# Installs the peers that benchmarks compare with, once, into $PHIQUANT_CACHE/peers; several GB.
#   bench/peers.sh [NAME...]    default: llama. Prints the folder that has one folder for each.
#   llama: convert_hf_to_gguf.py and gguf-py from the source distribution of llama-cpp-python, with
#          PyTorch and transformers 4.57 (5 changes tokenizers); libllama comes from engines/install.sh
#   exporters: optimum-cli export openvino (optimum-intel, NNCF) and the model builder of ONNX Runtime
#          GenAI, with PyTorch and transformers 5.5
set -euo pipefail
wanted=" ${*:-llama} "
peers="${PHIQUANT_CACHE:-$HOME/.cache/phiquant}/peers"
mkdir -p "$peers"
if [[ "$wanted" == *" llama "* && ! -f "$peers/llama/done" ]]; then
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
if [[ "$wanted" == *" exporters "* && ! -f "$peers/exporters/done" ]]; then
  (
    rm -rf "$peers/exporters"
    mkdir -p "$peers/exporters"
    cd "$peers/exporters"
    python3 -m venv venv
    venv/bin/python -m pip install --quiet --no-compile torch==2.15.0 transformers==5.5.4 \
      tokenizers==0.22.2 numpy==2.3.5 optimum==2.3.0 optimum-intel==2.2.0 nncf==3.4.0 \
      openvino==2026.4.1 openvino-tokenizers==2026.4.1.0 onnxruntime-genai==0.18.0 \
      onnxruntime==1.32.0 onnx==1.23.2 onnx-ir==1.1.0
    touch done
  ) >&2
fi
echo "$peers"
