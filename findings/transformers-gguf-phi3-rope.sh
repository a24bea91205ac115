#!/usr/bin/env bash
# transformers 5.24.0 opens a GGUF file of a Phi-3 (from_pretrained(…, gguf_file=…)) but reads only some of its header: its table
# in integrations/ggml.py leaves out the number of rotated columns, longrope (original context, attention factor, the tensors
# rope_factors_*) and the sliding window. So it computes another function, without a word; of the released models Phi-4-mini
# (three quarters of a head rotated, longrope) and Phi-3.5-mini (longrope) among them.
# Seen: the lines at the end. Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check torch==2.15.0 transformers==5.24.0 accelerate==1.15.0 gguf==0.19.0
cat > seen.py << 'END'
import gguf
import numpy as np
from transformers import AutoModelForCausalLM

SIZE, ROTATED, WINDOW = 64, 24, 16
facts = dict(block_count=1, context_length=128, embedding_length=SIZE, feed_forward_length=SIZE, head_count=2, head_count_kv=2,
             layer_norm_rms_eps=1e-5, rope_freq_base=5000.0, rope_dimension_count=ROTATED, rope_scaling_orig_ctx_len=32,
             rope_scaling_attn_factors=1.19, sliding_window=WINDOW, vocab_size=SIZE, bos_token_id=1, eos_token_id=2, pad_token_id=0)
matrices = {"token_embd": 1, "output": 1, "blk.0.attn_qkv": 3, "blk.0.attn_output": 1, "blk.0.ffn_up": 2, "blk.0.ffn_down": 1}
writer = gguf.GGUFWriter("phi.gguf", "phi3")
for name, value in facts.items():
    getattr(writer, f"add_{name}")(value)
for name, rows in matrices.items():
    writer.add_tensor(f"{name}.weight", np.eye(rows * SIZE, SIZE, dtype=np.float32))
for name in "output_norm", "blk.0.attn_norm", "blk.0.ffn_norm":
    writer.add_tensor(f"{name}.weight", np.ones(SIZE, np.float32))
for name, factor in {"short": 1, "long": 2}.items():
    writer.add_tensor(f"rope_factors_{name}.weight", np.full(ROTATED // 2, factor, np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
model = AutoModelForCausalLM.from_pretrained(".", gguf_file="phi.gguf")
rope, config = model.model.rotary_emb, model.config
print(f"file: base 5000, {ROTATED} of 32 columns rotated, longrope from 32, window {WINDOW}")
print(f"model: base {config.rope_parameters['rope_theta']:.0f}, {2 * len(rope.inv_freq)} of 32 columns rotated,",
      f"{rope.rope_type} from {config.original_max_position_embeddings}, window {config.sliding_window}")
END
venv/bin/python seen.py 2> log | tee seen
if grep -iE 'rope|rotary|window' log; then
  echo "it says something now"
  exit 1
fi
diff seen - << 'END'
file: base 5000, 24 of 32 columns rotated, longrope from 32, window 16
model: base 5000, 32 of 32 columns rotated, default from 4096, window None
END
