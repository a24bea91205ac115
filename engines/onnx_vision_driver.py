"""Asks ONNX Runtime, and ONNX Runtime GenAI, what they make of pictures, for the tests of phiquant.

python onnx_vision_driver.py fed FOLDER ORDER       the three graphs by themselves, as GenAI runs them
python onnx_vision_driver.py genai FOLDER ORDER     GenAI, with its own processor

ORDER is a file of JSON. fed: "pictures" (each with a file of little-endian float32 "tiles", and its "rows" and "columns"), "ids", the file
"features" to write the tokens' rows to, and the "count" of tokens to choose greedily. genai: "images", the "prompt", the file "tiles" to write
what its processor makes of them, and "count". Prints JSON: the logits after the prompt and the ids chosen; of genai also its ids and the sizes."""

import json
import sys

import numpy as np
import onnxruntime as ort
import onnxruntime_genai as og

SIDE = 336


def fed(folder, order):
    graphs = {n: session(folder, n) for n in ("vision", "embedding", "model")}
    kind = np.float16 if "float16" in graphs["vision"].get_inputs()[0].type else np.float32
    pictures = order["pictures"]
    tiles = np.zeros((len(pictures), 17, 3, SIDE, SIDE), np.float32)
    for i, picture in enumerate(pictures):
        own = np.fromfile(picture["tiles"], "<f4").reshape(-1, 3, SIDE, SIDE)
        tiles[i, : len(own)] = own
    sizes = np.array([[SIDE * p["rows"], SIDE * p["columns"]] for p in pictures], np.int64)
    inputs = {"pixel_values": tiles.astype(kind), "image_sizes": sizes}
    features = graphs["vision"].run(["image_features"], inputs)[0]
    features.astype("<f4").tofile(order["features"])
    ids, known, past = [order["ids"]], 0, None
    for _ in range(order["count"]):
        tokens = np.array([ids[-1]], np.int64)
        rows = features if past is None else features[:0]
        x = graphs["embedding"].run(None, {"input_ids": tokens, "image_features": rows})[0]
        known += tokens.shape[1]
        inputs = {"inputs_embeds": x, "attention_mask": np.ones((1, known), np.int64)}
        for n in graphs["model"].get_inputs():
            if n.name.startswith("past"):
                empty = np.zeros((1, n.shape[1], 0, n.shape[3] if isinstance(n.shape[3], int) else 96), kind)
                inputs[n.name] = empty if past is None else past[n.name.replace("past_key_values", "present")]
        names = [n.name for n in graphs["model"].get_outputs()]
        past = dict(zip(names, graphs["model"].run(names, inputs)))
        if len(ids) == 1:
            last = past["logits"][0, -1].astype(np.float32).tolist()
        ids.append([int(past["logits"][0, -1].argmax())])
    print(json.dumps({"last": last, "chosen": [i[0] for i in ids[1:]]}))


def session(folder, name):
    return ort.InferenceSession(f"{folder}/{name}.onnx", providers=["CPUExecutionProvider"])


def genai(folder, order):
    config = og.Config(folder)
    if "CUDAExecutionProvider" not in ort.get_available_providers():
        config.clear_providers()
    model = og.Model(config)
    processor = model.create_multimodal_processor()
    inputs = processor(order["prompt"], images=og.Images.open(*order["images"]))
    value = {name: inputs[name].as_numpy() for name in ("input_ids", "pixel_values", "image_sizes")}
    value["pixel_values"].astype("<f4").tofile(order["tiles"])
    params = og.GeneratorParams(model)
    params.set_search_options(max_length=value["input_ids"].shape[1] + order["count"], do_sample=False)
    generator = og.Generator(model, params)
    generator.set_inputs(inputs)
    chosen, last = [], None
    for _ in range(order["count"]):
        if last is None:
            last = generator.get_logits().reshape(-1).astype(np.float32).tolist()
        generator.generate_next_token()
        chosen.append(int(generator.get_next_tokens()[0]))
    sizes = (value["image_sizes"] // SIDE).tolist()
    print(json.dumps({"last": last, "chosen": chosen, "ids": value["input_ids"][0].tolist(), "grids": sizes}))


if __name__ == "__main__":
    with open(sys.argv[3], encoding="utf-8") as file:
        {"fed": fed, "genai": genai}[sys.argv[1]](sys.argv[2], json.load(file))
