#!/usr/bin/env bash
# transformers 5.24.0 computes a PhiMoE (Phi-3.5-MoE) beyond its original context with longrope's short factors, without a
# word: in modeling_phimoe.py what makes the factors is no longer told the length. 5.5.4 takes the long ones, as it should.
# Seen by whether other factors change the logits of a model with an original context of 32: "5.5.4: 24 tokens by short
# factors, 48 by long", "5.24.0: 24 tokens by short factors, 48 by short". Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > seen.py << 'END'
import torch
from transformers import PhimoeConfig, PhimoeForCausalLM, __version__


def logits(tokens, short=1.0, long=1.0):
    rope = {"type": "longrope", "short_factor": [short] * 8, "long_factor": [long] * 8, "original_max_position_embeddings": 32,
            "short_mscale": 1.2, "long_mscale": 1.2}
    config = PhimoeConfig(vocab_size=64, hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4,
                          num_key_value_heads=4, num_local_experts=4, max_position_embeddings=128,
                          original_max_position_embeddings=32, rope_theta=10000.0, rope_scaling=rope)
    model = PhimoeForCausalLM(config).eval()
    with torch.no_grad():
        for number, weight in enumerate(model.parameters()):
            formula = torch.sin(torch.arange(weight.numel()) * (number + 1.7)) * 0.3
            weight.copy_(formula.reshape(weight.shape) + (1 if weight.dim() == 1 else 0))
        return model(torch.arange(tokens)[None]).logits


def factors(tokens):
    base = logits(tokens)
    others = {"short": logits(tokens, short=4.0), "long": logits(tokens, long=4.0)}
    return " and ".join(name for name, other in others.items() if (other - base).abs().max() > 0.01)


print(f"{__version__}: 24 tokens by {factors(24)} factors, 48 by {factors(48)}")
END
python3 -m venv venv
for version in 5.5.4 5.24.0; do
  venv/bin/pip install -q --no-compile --disable-pip-version-check torch==2.15.0 "transformers==$version"
  venv/bin/python seen.py 2> /dev/null
done | tee seen
diff seen - << 'END'
5.5.4: 24 tokens by short factors, 48 by long
5.24.0: 24 tokens by short factors, 48 by short
END
