#!/usr/bin/env bash
# transformers.js 4.3.2 makes the empty cache for a first prompt from the shapes that the ONNX graph states, and takes every
# named size but batch_size for 0: right for the length, but of a head's size too, which onnxruntime-genai's model builder
# (0.18.0) names kv_cache_dim, though config.json tells it. A number in the graph is taken as it is.
# Seen, the shape in which a graph gets its cache of two heads of 16: "16: 1 2 0 16", "kv_cache_dim: 1 2 0 0".
# Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
ONNXRUNTIME_NODE_INSTALL=skip npm install --silent --no-audit --no-fund @huggingface/transformers@4.3.2 > /dev/null
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check onnx==1.23.2
cat > make.py << 'END'
import json
import os
import sys

from onnx import TensorProto, helper, save

size = sys.argv[1]
cache = ["batch_size", 2, "past_sequence_length", int(size) if size.isdigit() else size]
tokens = ["batch_size", "length"]
value = helper.make_tensor_value_info
inputs = [value(name, TensorProto.INT64, tokens) for name in ("input_ids", "attention_mask")]
outputs = [value("logits", TensorProto.FLOAT, [1, 1, 4])]
nodes = [
    helper.make_node("Shape", ["past_key_values.0.key"], ["shape"]),
    helper.make_node("Cast", ["shape"], ["sizes"], to=TensorProto.FLOAT),
    helper.make_node("Constant", [], ["form"], value_ints=[1, 1, 4]),
    helper.make_node("Reshape", ["sizes", "form"], ["logits"]),  # the cache's shape in place of logits
]
for name in "key", "value":
    inputs.append(value(f"past_key_values.0.{name}", TensorProto.FLOAT, cache))
    outputs.append(value(f"present.0.{name}", TensorProto.FLOAT, cache))
    nodes.append(helper.make_node("Identity", [f"past_key_values.0.{name}"], [f"present.0.{name}"]))
graph = helper.make_graph(nodes, "cache", inputs, outputs)
os.makedirs("model/onnx", exist_ok=True)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), "model/onnx/model.onnx")
config = dict(model_type="phi3", architectures=["Phi3ForCausalLM"], vocab_size=4, hidden_size=32, num_hidden_layers=1,
              num_attention_heads=2, num_key_value_heads=2)
json.dump(config, open("model/config.json", "w"))
END
cat > seen.mjs << 'END'
import { AutoModelForCausalLM, Tensor, env } from "@huggingface/transformers";

env.localModelPath = "./";
env.allowRemoteModels = false;
const model = await AutoModelForCausalLM.from_pretrained("model", { dtype: "fp32", device: "cpu" });
const token = () => new Tensor("int64", BigInt64Array.from([1n]), [1, 1]);
const { logits } = await model({ input_ids: token(), attention_mask: token() });
console.log(`${process.argv[2]}: ${logits.tolist().flat(2).join(" ")}`);
END
for size in 16 kv_cache_dim; do
  venv/bin/python make.py "$size"
  node seen.mjs "$size" 2> /dev/null
done | tee seen
diff seen - << 'END'
16: 1 2 0 16
kv_cache_dim: 1 2 0 0
END
