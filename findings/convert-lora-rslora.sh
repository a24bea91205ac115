#!/usr/bin/env bash
# llama.cpp's convert_lora_to_gguf.py, as it comes with the source of llama-cpp-python 0.3.36, takes LoRA adapters of PEFT
# (0.21.2) with use_rslora or alpha_pattern without a word and writes only lora_alpha, which llama.cpp divides by the rank
# (llama-adapter.h): rsLoRA's deltas come out √rank too small, those of a pattern by its alpha. rank_pattern is right.
# Seen, deltas of the file relative to PEFT's own, of o_proj and down_proj: "plain: 1.00, 1.00", "rank_pattern: 1.00, 1.00",
# "use_rslora: 0.25, 0.25", "alpha_pattern: 1.00, 0.25". Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
export PIP_DISABLE_PIP_VERSION_CHECK=1
venv/bin/pip download -q --no-deps --no-binary llama-cpp-python llama-cpp-python==0.3.36
tar xzf llama_cpp_python-0.3.36.tar.gz
venv/bin/pip install -q --no-compile torch==2.15.0 transformers==5.24.0 peft==0.21.2 gguf==0.19.0 sentencepiece==0.2.3
cat > seen.py << 'END'
import subprocess
import sys

import gguf
import torch
from peft import LoraConfig, get_peft_model
from transformers import Phi3Config, Phi3ForCausalLM

MATRICES = {"o_proj": "blk.0.attn_output.weight", "down_proj": "blk.0.ffn_down.weight"}
config = Phi3Config(vocab_size=64, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
                    num_key_value_heads=4, pad_token_id=0, bos_token_id=1, eos_token_id=2, architectures=["Phi3ForCausalLM"])
config.save_pretrained("base")
kinds = {"plain": {}, "rank_pattern": {"rank_pattern": {"down_proj": 4}}, "use_rslora": {"use_rslora": True},
         "alpha_pattern": {"alpha_pattern": {"down_proj": 64}}}
for kind, options in kinds.items():
    torch.manual_seed(1)
    lora = LoraConfig(r=16, lora_alpha=16, target_modules=list(MATRICES), init_lora_weights=False, **options)
    model = get_peft_model(Phi3ForCausalLM(config), lora)
    model.save_pretrained("adapter")
    converter = "llama_cpp_python-0.3.36/vendor/llama.cpp/convert_lora_to_gguf.py"
    command = [sys.executable, converter, "adapter", "--base", "base", "--outfile", "adapter.gguf", "--outtype", "f32"]
    log = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    assert "WARNING" not in log and "ERROR" not in log
    file = gguf.GGUFReader("adapter.gguf")
    alpha = file.fields["adapter.lora.alpha"].contents()
    factors = {tensor.name: torch.tensor(tensor.data) for tensor in file.tensors}
    seen = []
    for name, written in MATRICES.items():
        a, b = factors[f"{written}.lora_a"], factors[f"{written}.lora_b"]
        right = next(module for path, module in model.named_modules() if path.endswith(name)).get_delta_weight("default")
        seen.append((b @ a * (alpha / len(a))).norm() / right.norm())
    print(f"{kind}: {seen[0]:.2f}, {seen[1]:.2f}")
END
venv/bin/python seen.py 2> /dev/null | tee seen
diff seen - << 'END'
plain: 1.00, 1.00
rank_pattern: 1.00, 1.00
use_rslora: 0.25, 0.25
alpha_pattern: 1.00, 0.25
END
