"""Asks ONNX Runtime GenAI what it makes of a model, for the tests of phiquant. Always on the CPU,
whatever provider the model is for.

python onnx_driver.py logits FOLDER MODULUS LENGTH...  a line of JSON for each prompt
                                                       (7919 i + 13) mod MODULUS: the last token's
                                                       logits and the argmax after every token
python onnx_driver.py greedy FOLDER COUNT PROMPTS      ids that follow each prompt of a JSON list of
                                                       lists of ids, chosen greedily, one prompt
                                                       after the other; end tokens are ignored
python onnx_driver.py batch FOLDER COUNT PROMPTS       the same, all prompts at once; they are of the
                                                       same length
python onnx_driver.py types FOLDER                     what checkers have against the model
"""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
import onnxruntime_genai as og


def load(folder):
    config = og.Config(folder)
    config.clear_providers()
    return og.Model(config)


def generator(model, length, batch=1):
    params = og.GeneratorParams(model)
    params.set_search_options(max_length=length, batch_size=batch, min_length=length)
    return og.Generator(model, params)


def logits(folder, modulus, *lengths):
    model = load(folder)
    for length in map(int, lengths):
        run = generator(model, length + 1)
        run.append_tokens(np.array([[(7919 * i + 13) % int(modulus) for i in range(length)]], np.int32))
        rows = run.get_output("logits")[0].astype(np.float32)
        print(json.dumps({"last": rows[-1].tolist(), "argmax": rows.argmax(1).tolist()}))


def greedy(folder, count, prompts):
    model = load(folder)
    for prompt in json.loads(prompts):
        run = generator(model, len(prompt) + int(count))
        run.append_tokens(np.array([prompt], np.int32))
        answer = []
        for _ in range(int(count)):
            answer.append(int(run.get_logits().reshape(-1).argmax()))
            run.append_tokens(np.array([answer[-1:]], np.int32))
        print(json.dumps(answer))


def batch(folder, count, prompts):
    prompts = json.loads(prompts)
    run = generator(load(folder), len(prompts[0]) + int(count), len(prompts))
    run.append_tokens(np.array(prompts, np.int32))
    for _ in range(int(count)):
        run.generate_next_token()
    for i, prompt in enumerate(prompts):
        print(json.dumps(run.get_sequence(i)[len(prompt) :].tolist()))


def types(folder):
    """Checks a model for whose types the CPU has no kernels: ONNX's checker and shape inference, which
    know the standard operators, then ONNX Runtime's, which knows all. Prints what the latter says."""
    os.chdir(folder)
    model = onnx.load("model.onnx", load_external_data=False)
    for node in model.graph.node:
        if node.op_type == "SimplifiedLayerNormalization":  # ONNX Runtime's, in ONNX's domain
            node.domain = "com.microsoft"
    onnx.checker.check_model(model)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        ort.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])
        print(json.dumps("loaded"))
    except Exception as error:
        print(json.dumps(str(error)))


if __name__ == "__main__":
    {"logits": logits, "greedy": greedy, "batch": batch, "types": types}[sys.argv[1]](*sys.argv[2:])
