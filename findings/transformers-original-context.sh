#!/usr/bin/env bash
# Where a Phi-3's original context (the length from which longrope stretches) may stand, seen in transformers'
# Phi3Config: 5.24.0 overwrites one that stands inside rope_scaling or rope_parameters with 4096, without a
# word, unless the top level has it too; 4.57.6 refuses the first form and takes 4096 for the second.
# So a model whose original context is not 4096 gets other factors and another attention factor. Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > seen.py << 'END'
from transformers import Phi3Config, __version__

base = dict(vocab_size=100, hidden_size=128, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=4,
            max_position_embeddings=2048, pad_token_id=0, bos_token_id=1, eos_token_id=2)
factors = {"short_factor": [1.0] * 16, "long_factor": [2.0] * 16}
original = {"original_max_position_embeddings": 256}
forms = {"top level": {"rope_scaling": {"type": "longrope"} | factors} | original,
         "rope_scaling": {"rope_scaling": {"type": "longrope"} | factors | original},
         "rope_parameters": {"rope_parameters": {"rope_type": "longrope", "rope_theta": 5000.0} | factors | original}}
for name, keys in forms.items():
    try:
        print(__version__, name, Phi3Config.from_dict(base | keys).original_max_position_embeddings)
    except ValueError:
        print(__version__, name, "refused")
END
for version in 4.57.6 5.24.0; do
  python3 -m venv "venv-$version"
  "venv-$version/bin/pip" install -q --no-compile --disable-pip-version-check "transformers==$version"
  "venv-$version/bin/python" seen.py 2> /dev/null
done | tee seen
diff seen - << 'END'
4.57.6 top level 256
4.57.6 rope_scaling refused
4.57.6 rope_parameters 4096
5.24.0 top level 256
5.24.0 rope_scaling 4096
5.24.0 rope_parameters 4096
END
