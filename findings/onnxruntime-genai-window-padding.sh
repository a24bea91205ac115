#!/usr/bin/env bash
# onnxruntime-genai 0.18.0 runs a model of type decoder-pipeline with a sliding window on pieces of a prompt, the last filled up with pad_token_id, and
# takes the first such token for the prompt's end, also if the prompt itself holds it, as a chat does whose turns end in it. All that is generated is then told
# a place within the prompt. The model here answers with the place that it is told (past_sequence_length), so after five tokens the token
# behind the first answer should see 5.
# Seen: "5 tokens, none of padding: 5", "5 tokens, the second of padding: 1". Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check onnxruntime-genai==0.18.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
mkdir model
cat > seen.py << 'END'
import json

import numpy as np
import onnx
import onnxruntime_genai as og
from onnx import TensorProto, helper, numpy_helper

PAD, WORDS, WINDOW, PLACES = 2, 64, 8, 32
f, i = TensorProto.FLOAT, TensorProto.INT32
cache = [("key", "present.0.key"), ("value", "present.0.value")]
inputs = [("input_ids", i, [1, "s"]), ("past_sequence_length", i, [1, 1]), ("total_sequence_length", i, [1])]
inputs += [(f"past_key_values.0.{name}", f, [1, 1, PLACES, 4]) for name, _ in cache]
outputs = [("logits", f, [1, 1, WORDS])] + [(present, f, [1, 1, PLACES, 4]) for _, present in cache]
constants = {"depth": np.array(WORDS, np.int64), "values": np.array([0, 1], np.float32)}
nodes = [helper.make_node("Cast", ["past_sequence_length"], ["place"], to=TensorProto.INT64),
         helper.make_node("OneHot", ["place", "depth", "values"], ["logits"])]
nodes += [helper.make_node("Identity", [f"past_key_values.0.{name}"], [present]) for name, present in cache]
info = lambda entry: helper.make_tensor_value_info(*entry)
graph = helper.make_graph(nodes, "place", [info(one) for one in inputs], [info(one) for one in outputs],
                          [numpy_helper.from_array(value, name) for name, value in constants.items()])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "model/place.onnx")
same = lambda *names: {name: name for name in names}
names = {"past_key_names": "past_key_values.%d.key", "past_value_names": "past_key_values.%d.value"}
json.dump({"model": {
    "type": "decoder-pipeline", "bos_token_id": 1, "eos_token_id": 63, "pad_token_id": PAD, "vocab_size": WORDS, "context_length": PLACES,
    "decoder": {
        "head_size": 4, "hidden_size": 4, "num_attention_heads": 1, "num_key_value_heads": 1, "num_hidden_layers": 1,
        "session_options": {"provider_options": []},
        "inputs": same("input_ids", "past_sequence_length", "total_sequence_length") | names,
        "outputs": same("logits") | {key: name.replace("past_key_values", "present") for key, name in
                                     {"present_key_names": names["past_key_names"], "present_value_names": names["past_value_names"]}.items()},
        "sliding_window": {"window_size": WINDOW, "alignment": "left", "slide_inputs": True, "slide_key_value_cache": False,
                           "cache_slack": PLACES - WINDOW},
        "pipeline": [{"place": {"filename": "place.onnx", "is_lm_head": True, "inputs": [one[0] for one in inputs],
                                "outputs": [one[0] for one in outputs]}}]}},
    "search": {"max_length": PLACES, "past_present_share_buffer": True}}, open("model/genai_config.json", "w"))
model = og.Model("model")
for what, prompt in (("none", [5, 6, 7, 8, 9]), ("the second", [5, PAD, 7, 8, 9])):
    run = og.Generator(model, og.GeneratorParams(model))
    run.append_tokens(np.array([prompt], np.int32))
    for _ in range(2):
        run.generate_next_token()
    print(f"5 tokens, {what} of padding: {run.get_next_tokens()[0]}")
END
venv/bin/python seen.py | tee seen.txt
diff seen.txt - << 'END'
5 tokens, none of padding: 5
5 tokens, the second of padding: 1
END
