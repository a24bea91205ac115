"""Asks OpenVINO what it makes of an IR, for the tests of phiquant.

python openvino_driver.py logits FOLDER MODULUS LENGTH...   a line of JSON for each prompt
                                                           (7919 i + 13) mod MODULUS: the last token's
                                                           logits and the argmax after every token
python openvino_driver.py counts FOLDER                    the layer types of the compiled CPU graph
python openvino_driver.py weights FOLDER NAME...           a line for each: the first and the last row of
                                                           the constant, as its user sees it
python openvino_driver.py pipeline FOLDER HINTS COUNT PROMPT...
                                                           the ids that LLMPipeline puts after each
                                                           prompt, greedily and past end tokens, first
                                                           with PA, then with SDPA; HINTS are f32 or
                                                           default; a prompt may be a JSON list of ids
python openvino_driver.py batch FOLDER MODULUS LENGTH LENGTH
                                                           logits after two prompts of that formula and
                                                           after one more token, four lines each time:
                                                           both alone, then both padded into one batch,
                                                           whose rows change places for the second time
"""

import json
import sys

import numpy as np
import openvino as ov
import openvino_genai

# The engine's defaults are lossy (u8 cache, bf16, quantized activations); these measure the weights.
EXACT = {
    "KV_CACHE_PRECISION": "f32",
    "INFERENCE_PRECISION_HINT": "f32",
    "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
}


def compiled(folder, **options):
    return ov.Core().compile_model(f"{folder}/openvino_model.xml", "CPU", {**EXACT, **options})


def infer(request, ids, past):
    rows = np.array([ids], np.int64)
    return batched(request, rows, np.ones((1, past + len(ids)), np.int64), [0])[0]


def batched(request, ids, mask, beams):
    """Logits of rows whose padding, on the left, has zeros in the mask."""
    outputs = request.infer({
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": np.maximum(mask.cumsum(1) - 1, 0)[:, -ids.shape[1]:],
        "beam_idx": np.array(beams, np.int32),
    })
    return next(iter(outputs.values())).copy()


def formula(modulus, length):
    return [(7919 * i + 13) % int(modulus) for i in range(int(length))]


def logits(folder, modulus, *lengths):
    request = compiled(folder).create_infer_request()
    for length in map(int, lengths):
        request.reset_state()
        rows = infer(request, formula(modulus, length), 0)
        print(json.dumps({"last": rows[-1].tolist(), "argmax": rows.argmax(1).tolist()}))


def counts(folder):
    found = {}
    for op in compiled(folder).get_runtime_model().get_ops():
        kind = op.get_rt_info()["layerType"]
        kind = kind if isinstance(kind, str) else kind.astype(str)
        found[kind] = found.get(kind, 0) + 1
    print(json.dumps(found))


def pipeline(folder, hints, count, *prompts):
    # Named explicitly: by default GenAI falls back from PA to SDPA without a word.
    for backend in "PA", "SDPA":
        options = {"ATTENTION_BACKEND": backend, **(EXACT if hints == "f32" else {})}
        pipe = openvino_genai.LLMPipeline(folder, "CPU", **options)
        tokenizer = pipe.get_tokenizer()
        for prompt in prompts:
            ids = ov.Tensor(np.array([json.loads(prompt)])) if prompt[0] == "[" else None
            answer = pipe.generate(
                tokenizer.encode(prompt) if ids is None else ids,
                max_new_tokens=int(count),
                ignore_eos=True,
                do_sample=False,
            )
            print(json.dumps(list(answer.tokens[0])))


def batch(folder, modulus, *lengths):
    request = compiled(folder).create_infer_request()
    prompts = [formula(modulus, length) for length in lengths]
    first, second = [], []
    for prompt in prompts:
        request.reset_state()
        first.append(infer(request, prompt, 0)[-1])
        second.append(infer(request, prompt[:1], len(prompt))[-1])
    request.reset_state()
    longest = max(map(len, prompts))
    ids = np.array([[0] * (longest - len(prompt)) + prompt for prompt in prompts], np.int64)
    mask = np.array([[0] * (longest - len(p)) + [1] * len(p) for p in prompts], np.int64)
    first.extend(batched(request, ids, mask, [0, 1])[:, -1])
    mask = np.concatenate([mask, np.ones((2, 1), np.int64)], 1)[::-1]
    next_ids = np.array([prompt[:1] for prompt in prompts], np.int64)[::-1]
    second.extend(batched(request, next_ids, mask, [1, 0])[::-1, -1])
    for row in first + second:
        print(json.dumps(row.tolist()))


def weights(folder, *names):
    ops = {op.get_friendly_name(): op for op in ov.Core().read_model(f"{folder}/openvino_model.xml").get_ops()}
    for name in names:
        out = ops[name].output(0)
        while next(iter(out.get_target_inputs())).get_node().get_type_name() not in ("MatMul", "Gather"):
            out = next(iter(out.get_target_inputs())).get_node().output(0)
        request = ov.Core().compile_model(ov.Model([out], []), "CPU", EXACT).create_infer_request()
        matrix = next(iter(request.infer().values()))
        print(json.dumps([matrix[0].tolist(), matrix[-1].tolist()]))


if __name__ == "__main__":
    commands = [logits, counts, weights, batch, pipeline]
    {command.__name__: command for command in commands}[sys.argv[1]](*sys.argv[2:])
