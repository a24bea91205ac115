"""Asks OpenVINO what it makes of a folder that sees, for the tests of phiquant.

python openvino_vision_driver.py logits FOLDER CASE OUT    CASE is JSON: "pictures", each with "tiles" (a file of
                                                           little-endian float32 [tiles, 3, 336, 336], the whole
                                                           picture first), "rows" and "columns" of its crops; "ids",
                                                           tokens, below 0 where a picture's are. Writes OUT/features-N
                                                           [tiles, 576, 1024] and OUT/rows-N [tokens, hidden] of each
                                                           picture as float32, and prints the last token's logits
python openvino_vision_driver.py generate FOLDER COUNT PROMPT WIDTH HEIGHT PIXELS
                                                           what VLMPipeline answers, greedily and past end tokens, to a
                                                           prompt and a picture (a file of bytes [height, width, 3]),
                                                           and how many tokens went in: a line with PA, one with SDPA
python openvino_vision_driver.py counts FOLDER MODEL       the layer types of a model's compiled CPU graph
"""

import json
import sys
from pathlib import Path

import numpy as np
import openvino as ov
import openvino_genai

EXACT = {
    "KV_CACHE_PRECISION": "f32",
    "INFERENCE_PRECISION_HINT": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
}
BETWEEN = 12  # Image tokens along the side of a tile: 24 patches, of which two by two become one.


def model(folder, name):
    compiled = ov.Core().compile_model(f"{folder}/openvino_{name}_model.xml", "CPU", EXACT)
    return lambda inputs: next(iter(compiled(inputs).values())).copy()


def merged(tiles, rows, columns, row_end):
    """Four neighbours become one, tiles one grid, and each of its rows is ended."""
    grid = tiles.reshape(rows, columns, BETWEEN, 2, BETWEEN, 2, -1)
    grid = grid.transpose(0, 2, 1, 4, 3, 5, 6).reshape(rows * BETWEEN, columns * BETWEEN, -1)
    ends = np.broadcast_to(row_end, (grid.shape[0], 1, grid.shape[2]))
    return np.concatenate([grid, ends], 1).reshape(-1, grid.shape[2])


def logits(folder, case, out):
    case = json.loads(Path(case).read_text())
    config = json.loads(Path(folder, "config.json").read_text())
    row_end, between = (np.array(config[key], np.float32).reshape(-1) for key in ("sub_GN", "glb_GN"))
    tower, projector = model(folder, "vision_embeddings"), model(folder, "vision_projection")
    seen = []
    for number, picture in enumerate(case["pictures"]):
        pixels = np.fromfile(picture["tiles"], "<f4").reshape(-1, 3, 336, 336)
        features = tower({"pixel_values": pixels})
        features.tofile(f"{out}/features-{number}")
        crops = merged(features[1:], picture["rows"], picture["columns"], row_end)
        tokens = np.concatenate([crops, between[None], merged(features[:1], 1, 1, row_end)])
        seen.append(projector({"input": tokens[None]})[0])
        seen[-1].tofile(f"{out}/rows-{number}")
    ids = np.array([case["ids"]], np.int64)
    rows = model(folder, "text_embeddings")({"input": np.maximum(ids, 0)})
    rows[ids < 0] = np.concatenate(seen)
    request = ov.Core().compile_model(f"{folder}/openvino_language_model.xml", "CPU", EXACT).create_infer_request()
    answer = request.infer({
        "inputs_embeds": rows,
        "attention_mask": np.ones_like(ids),
        "position_ids": np.arange(ids.shape[1])[None],
        "beam_idx": np.array([0], np.int32),
    })
    print(json.dumps(next(iter(answer.values()))[0, -1].tolist()))


def generate(folder, count, prompt, width, height, pixels):
    image = np.fromfile(pixels, np.uint8).reshape(1, int(height), int(width), 3)
    for backend in "PA", "SDPA":
        pipe = openvino_genai.VLMPipeline(folder, "CPU", ATTENTION_BACKEND=backend, **EXACT)
        answer = pipe.generate(
            prompt,
            images=[ov.Tensor(image)],
            max_new_tokens=int(count),
            ignore_eos=True,
            do_sample=False,
            apply_chat_template=False,
        )
        print(json.dumps({"text": answer.texts[0], "tokens": answer.perf_metrics.get_num_input_tokens()}))


def counts(folder, name):
    found = {}
    for op in ov.Core().compile_model(f"{folder}/openvino_{name}_model.xml", "CPU", EXACT).get_runtime_model().get_ops():
        kind = op.get_rt_info()["layerType"]
        kind = kind if isinstance(kind, str) else kind.astype(str)
        found[kind] = found.get(kind, 0) + 1
    print(json.dumps(found))


if __name__ == "__main__":
    commands = [logits, generate, counts]
    {command.__name__: command for command in commands}[sys.argv[1]](*sys.argv[2:])
