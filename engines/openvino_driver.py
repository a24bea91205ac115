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
                                                           default
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


def compiled(folder):
    return ov.Core().compile_model(f"{folder}/openvino_model.xml", "CPU", EXACT)


def infer(request, ids, past):
    total = past + len(ids)
    outputs = request.infer({
        "input_ids": np.array([ids], np.int64),
        "attention_mask": np.ones((1, total), np.int64),
        "position_ids": np.arange(past, total, dtype=np.int64)[None],
        "beam_idx": np.zeros(1, np.int32),
    })
    return next(iter(outputs.values()))[0]


def logits(folder, modulus, *lengths):
    request = compiled(folder).create_infer_request()
    for length in map(int, lengths):
        request.reset_state()
        rows = infer(request, [(7919 * i + 13) % int(modulus) for i in range(length)], 0)
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
            answer = pipe.generate(
                tokenizer.encode(prompt),
                max_new_tokens=int(count),
                ignore_eos=True,
                do_sample=False,
            )
            print(json.dumps(list(answer.tokens[0])))


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
    commands = {"logits": logits, "counts": counts, "weights": weights, "pipeline": pipeline}
    commands[sys.argv[1]](*sys.argv[2:])
