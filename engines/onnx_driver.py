"""Asks ONNX Runtime GenAI what it makes of a model, for the tests of phiquant.

python onnx_driver.py logits FOLDER MODULUS LENGTH...  a line of JSON for each prompt
                                                       (7919 i + 13) mod MODULUS: the last token's
                                                       logits and the argmax after every token
python onnx_driver.py greedy FOLDER COUNT PROMPTS      ids that follow each prompt of a JSON list of
                                                       lists of ids, chosen greedily; end tokens are
                                                       ignored
"""

import json
import sys

import numpy as np
import onnxruntime_genai as og


def generator(model, length, batch=1):
    params = og.GeneratorParams(model)
    params.set_search_options(max_length=length, batch_size=batch, min_length=length)
    return og.Generator(model, params)


def logits(folder, modulus, *lengths):
    model = og.Model(folder)
    for length in map(int, lengths):
        run = generator(model, length + 1)
        run.append_tokens(np.array([[(7919 * i + 13) % int(modulus) for i in range(length)]], np.int32))
        rows = run.get_output("logits")[0].astype(np.float32)
        print(json.dumps({"last": rows[-1].tolist(), "argmax": rows.argmax(1).tolist()}))


def greedy(folder, count, prompts):
    model = og.Model(folder)
    for prompt in json.loads(prompts):
        run = generator(model, len(prompt) + int(count))
        run.append_tokens(np.array([prompt], np.int32))
        answer = []
        for _ in range(int(count)):
            answer.append(int(run.get_logits().reshape(-1).argmax()))
            run.append_tokens(np.array([[answer[-1]]], np.int32))
        print(json.dumps(answer))


if __name__ == "__main__":
    {"logits": logits, "greedy": greedy}[sys.argv[1]](*sys.argv[2:])
