#!/usr/bin/env bash
# The processor of onnxruntime-genai 0.18.0 for a model of type phi3v cuts every picture into up to 16 crops, whatever num_crops its
# processor_config.json says; and its tokenizer begins no text with <s>, though tokenizer.json's post_processor asks for it. Phi-3.5-vision's
# own preprocessor_config.json is silent, which means 4 crops: a picture of 336x336 has 757 tokens then, and 2509 here.
# Seen: "num_crops 4: grid 4x4, 2509 image tokens" and the same for 1 and 16, text ids without 1. Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check onnxruntime-genai==0.18.0 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6 pillow==13.0.0
mkdir model
cat > seen.py << 'END'
import json

import numpy as np
import onnx
import onnxruntime_genai as og
from onnx import TensorProto, helper
from PIL import Image

WIDTH = 8


def save(name, inputs, outputs, nodes, constants=()):
    info = lambda entry: helper.make_tensor_value_info(*entry)
    graph = helper.make_graph(nodes, name, [info(i) for i in inputs], [info(o) for o in outputs], list(constants))
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"model/{name}.onnx")


def constant(name, shape):
    return onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)


f, i = TensorProto.FLOAT, TensorProto.INT64
save("vision", [("pixel_values", f, ["n", "c", 3, 336, 336]), ("image_sizes", i, ["n", 2])], [("image_features", f, ["t", WIDTH])],
     [helper.make_node("Identity", ["rows"], ["image_features"])], [constant("rows", (1, WIDTH))])
save("embedding", [("input_ids", i, ["b", "s"]), ("image_features", f, ["t", WIDTH])], [("inputs_embeds", f, ["b", "s", WIDTH])],
     [helper.make_node("Abs", ["input_ids"], ["ids"]), helper.make_node("Gather", ["table", "ids"], ["inputs_embeds"])],
     [constant("table", (99, WIDTH))])
past = [(f"past_key_values.0.{k}", f, ["b", 1, "p", WIDTH]) for k in ("key", "value")]
present = [(f"present.0.{k}", f, ["b", 1, "q", WIDTH]) for k in ("key", "value")]
save("text", [("inputs_embeds", f, ["b", "s", WIDTH]), ("attention_mask", i, ["b", "q"])] + past, [("logits", f, ["b", "s", WIDTH])] + present,
     [helper.make_node("Identity", ["inputs_embeds"], ["logits"])]
     + [helper.make_node("Identity", [p[0]], [q[0]]) for p, q in zip(past, present)])
same = lambda *names: {n: n for n in names}
config = {"model": {
    "type": "phi3v", "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2, "vocab_size": WIDTH, "context_length": 4096,
    "decoder": {"filename": "text.onnx", "hidden_size": WIDTH, "head_size": WIDTH, "num_attention_heads": 1, "num_key_value_heads": 1,
                "num_hidden_layers": 1, "session_options": {"provider_options": []},
                "inputs": same("inputs_embeds", "attention_mask") | {"past_key_names": "past_key_values.%d.key",
                                                                     "past_value_names": "past_key_values.%d.value"},
                "outputs": same("logits") | {"present_key_names": "present.%d.key", "present_value_names": "present.%d.value"}},
    "embedding": {"filename": "embedding.onnx", "inputs": same("input_ids", "image_features"), "outputs": same("inputs_embeds")},
    "vision": {"filename": "vision.onnx", "config_filename": "processor_config.json", "inputs": same("pixel_values", "image_sizes"),
               "outputs": same("image_features")}}, "search": {"max_length": 4096}}
json.dump(config, open("model/genai_config.json", "w"))
first = {"id": "<s>", "ids": [1], "tokens": ["<s>"]}
special = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
json.dump({"version": "1.0", "added_tokens": [{"id": n, "content": t} | special for n, t in enumerate(["<unk>", "<s>", "</s>"])],
           "normalizer": None, "pre_tokenizer": None, "decoder": None,
           "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
                              "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": {"<s>": first}},
           "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": False,
                     "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "a": 3, "b": 4, "ab": 5}, "merges": ["a b"]}}, open("model/tokenizer.json", "w"))
json.dump({"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
          open("model/tokenizer_config.json", "w"))
Image.fromarray(np.zeros((336, 336, 3), np.uint8)).save("picture.png")
for crops in (1, 4, 16):
    steps = [("DecodeImage", {"color_space": "BGR"}), ("ConvertRGB", {}), ("Phi3ImageTransform", {"num_crops": crops, "num_img_tokens": 144})]
    json.dump({"processor": {"name": "p", "transforms": [
        {"operation": {"name": n, "domain": "com.microsoft.extensions", "type": n} | ({"attrs": a} if a else {})} for n, a in steps]}},
        open("model/processor_config.json", "w"))
    model = og.Model("model")
    made = model.create_multimodal_processor()("ab<|image_1|>ab", images=og.Images.open("picture.png"))
    high, wide = made["image_sizes"].as_numpy()[0] // 336
    ids = made["input_ids"].as_numpy()[0].tolist()
    print(f"num_crops {crops}: grid {high}x{wide}, {sum(n < 0 for n in ids)} image tokens, text ids {[n for n in ids if n >= 0]}")
END
venv/bin/python seen.py 2> /dev/null | tee seen
diff seen - << 'END'
num_crops 1: grid 4x4, 2509 image tokens, text ids [5, 5]
num_crops 4: grid 4x4, 2509 image tokens, text ids [5, 5]
num_crops 16: grid 4x4, 2509 image tokens, text ids [5, 5]
END
