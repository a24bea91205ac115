#!/usr/bin/env bash
# mlx-lm 0.32.2 reads a Phi-3 configuration that transformers 5.24.0 saved, and loses its rotary embedding
# without a word: the base becomes 10000, and longrope is gone. transformers 5 writes these two inside
# rope_parameters only; mlx-lm's phi3 looks for them at the top level and in rope_scaling.
# Seen: "saved: theta 5000.0, partial 0.5, longrope" and "read: theta 10000, partial 0.5, none".
# Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --no-compile --disable-pip-version-check transformers==5.24.0 mlx-lm==0.32.2 mlx==0.32.4 mlx-cpu==0.32.4
cd "$work"
cat > seen.py << 'END'
import json
from mlx_lm.models.phi3 import ModelArgs
from transformers import Phi3Config

rope = {"type": "longrope", "short_factor": [1.0] * 8, "long_factor": [2.0] * 8}
Phi3Config(vocab_size=100, hidden_size=128, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=4,
           max_position_embeddings=2048, original_max_position_embeddings=256, rope_theta=5000.0, partial_rotary_factor=0.5,
           rope_scaling=rope, pad_token_id=0, bos_token_id=1, eos_token_id=2).save_pretrained("saved")
config = json.load(open("saved/config.json"))
saved = config["rope_parameters"]
print(f"saved: theta {saved['rope_theta']}, partial {saved['partial_rotary_factor']}, {saved['rope_type']}")
args = ModelArgs.from_dict(config)
print(f"read: theta {args.rope_theta}, partial {args.partial_rotary_factor}, {(args.rope_scaling or {}).get('type', 'none')}")
END
"$work/venv/bin/python" seen.py 2> /dev/null | tee seen
diff seen - << 'END'
saved: theta 5000.0, partial 0.5, longrope
read: theta 10000, partial 0.5, none
END
