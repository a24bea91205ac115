#!/usr/bin/env bash
# The model builder of onnxruntime-genai 0.18.0 (with transformers 5.5.4) and Phi, three things that it does without a word.
# Phi-2: the epsilon of its norms becomes 1e-6 (the builder looks for rms_norm_eps; a Phi-2 has layer_norm_eps, 1e-5).
# Phi-3 with a sliding window (Phi-3-mini-4k): genai_config.json names the window, but tokens see beyond it.
# Any: options by their older names, int4_is_symmetric say, change nothing, though its help says that these still work.
# Seen: the lines at the end. Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check torch==2.15.0 transformers==5.5.4 onnxruntime-genai==0.18.0 \
  onnxruntime==1.32.0 onnx==1.23.2 onnx-ir==1.1.0
cat > seen.py << 'END'
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime_genai as genai
import torch
from tokenizers import Tokenizer, models
from transformers import Phi3Config, Phi3ForCausalLM, PhiConfig, PhiForCausalLM, PreTrainedTokenizerFast

SIZES = dict(vocab_size=64, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2,
             max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2)


def build(model, folder, precision, *options):
    words = Tokenizer(models.WordLevel({str(word): word for word in range(64)}, unk_token="0"))
    for saved in model, PreTrainedTokenizerFast(tokenizer_object=words, unk_token="0"):
        saved.save_pretrained("checkpoint")
    command = "-m onnxruntime_genai.models.builder -m checkpoint -i checkpoint -e cpu -o".split()
    made = subprocess.run([sys.executable, *command, folder, "-p", precision, *options], check=True, capture_output=True, text=True)
    assert "WARN" not in made.stderr and "ERROR" not in made.stderr
    return onnx.load(f"{folder}/model.onnx", load_external_data=False).graph.node


torch.manual_seed(1)
config = PhiConfig(**SIZES, layer_norm_eps=1e-5, architectures=["PhiForCausalLM"])
nodes = build(PhiForCausalLM(config), "phi-2", "fp32")
written = {attribute.f for node in nodes for attribute in node.attribute if attribute.name == "epsilon"}
print(f"Phi-2: epsilon {config.layer_norm_eps:.0e} becomes {', '.join(f'{epsilon:.0e}' for epsilon in written)}")

config = Phi3Config(**SIZES, original_max_position_embeddings=64, sliding_window=16, architectures=["Phi3ForCausalLM"])
model = Phi3ForCausalLM(config).eval()
build(model, "phi-3", "fp32")


def last_logits(tokens):
    generator = genai.Generator(onnx_model, genai.GeneratorParams(onnx_model))
    generator.append_tokens(np.array([tokens], np.int32))
    return generator.get_logits().reshape(-1)[-64:]


def sees(logits):
    return "sees" if np.abs(logits([9, *range(8, 31)]) - logits([7, *range(8, 31)])).max() > 1e-4 else "does not see"


onnx_model = genai.Model("phi-3")
theirs = lambda tokens: model(torch.tensor([tokens])).logits[0, -1].detach().numpy()
print(f"Phi-3, window 16: the 24th token {sees(theirs)} the first in transformers, {sees(last_logits)} it in GenAI")

for option in "is_symmetric", "int4_is_symmetric":
    nodes = build(model, option, "int4", "--extra_options", f"{option}=false")
    symmetric = all(len(node.input) == 3 for node in nodes if node.op_type == "MatMulNBits")
    print(f"{option}=false: {'no zero points' if symmetric else 'zero points'}")
END
venv/bin/python seen.py 2> /dev/null | tee seen
diff seen - << 'END'
Phi-2: epsilon 1e-05 becomes 1e-06
Phi-3, window 16: the 24th token does not see the first in transformers, sees it in GenAI
is_symmetric=false: zero points
int4_is_symmetric=false: no zero points
END
