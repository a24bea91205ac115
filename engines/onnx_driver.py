"""Asks ONNX Runtime GenAI what it makes of a model, for the tests of phiquant. What is for a GPU runs
with CUDA if the engine has it, and on the CPU if not.

python onnx_driver.py logits FOLDER MODULUS LENGTH...  a line of JSON for each prompt
                                                       (7919 i + 13) mod MODULUS: the last token's
                                                       logits and the argmax after every token
python onnx_driver.py last FOLDER PROMPTS              the last token's logits for each prompt of a
                                                       JSON list of lists of ids
python onnx_driver.py greedy FOLDER COUNT PROMPTS      ids that follow each prompt of a JSON list of
                                                       lists of ids, chosen greedily, one prompt
                                                       after the other, end tokens ignored; then, if
                                                       all are of the same length, all at once
python onnx_driver.py adapted FOLDER MODULUS LENGTH [ADAPTER]
                                                       all logits of such a prompt, with an adapter
python onnx_driver.py types FOLDER                     what checkers have against the model
python onnx_driver.py tokenize FOLDER FILE             ids of each text of a JSON list
python onnx_driver.py chat FOLDER FILE                 prompt of each conversation of a JSON list
python onnx_driver.py weights FOLDER OPERATOR ROWS     a matrix as the engine dequantizes it
python onnx_driver.py product FOLDER OPERATOR FILE     what a matrix makes of little-endian float32
                                                       rows, one after the other
python onnx_driver.py experts FOLDER OPERATOR FILE     what a layer's experts make of a row of
                                                       little-endian float32 weights and features,
                                                       in this order, one row after the other
"""

import json
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
import onnxruntime_genai as og


def load(folder):
    with open(os.path.join(folder, "genai_config.json"), encoding="utf-8") as file:
        options = json.load(file)["model"]["decoder"]["session_options"]
    config = og.Config(folder)
    config.clear_providers()
    if options["provider_options"] and "CUDAExecutionProvider" in ort.get_available_providers():
        config.append_provider("cuda")
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


def adapted(folder, modulus, length, *adapter):
    model = load(folder)
    run = generator(model, int(length) + 1)
    adapters = og.Adapters(model)
    for file in adapter:
        adapters.load(file, "adapter")
        run.set_active_adapter(adapters, "adapter")
    run.append_tokens(np.array([[(7919 * i + 13) % int(modulus) for i in range(int(length))]], np.int32))
    print(json.dumps(run.get_output("logits")[0].astype(np.float32).tolist()))


def last(folder, prompts):
    model = load(folder)
    for prompt in json.loads(prompts):
        run = generator(model, len(prompt) + 1)
        run.append_tokens(np.array([prompt], np.int32))
        print(json.dumps(run.get_logits().reshape(-1).tolist()))


def greedy(folder, count, prompts):
    model, count, prompts = load(folder), int(count), json.loads(prompts)
    for prompt in prompts:
        run = generator(model, len(prompt) + count)
        run.append_tokens(np.array([prompt], np.int32))
        answer = []
        for _ in range(count):
            answer.append(int(run.get_logits().reshape(-1).argmax()))
            run.append_tokens(np.array([answer[-1:]], np.int32))
        print(json.dumps(answer))
    if len(prompts) > 1 and len(set(map(len, prompts))) == 1:
        run = generator(model, len(prompts[0]) + count, len(prompts))
        run.append_tokens(np.array(prompts, np.int32))
        for _ in range(count):
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


def one(folder, name, exact):
    """A model of one MatMulNBits operator, as a function, and its columns."""
    os.chdir(folder)
    model = onnx.load("model.onnx", load_external_data=False)
    node = next(n for n in model.graph.node if n.name.startswith(name))
    if exact:
        node.attribute.remove(next(a for a in node.attribute if a.name == "accuracy_level"))
    parts = [i for i in model.graph.initializer if i.name in node.input]
    x = onnx.helper.make_tensor_value_info(node.input[0], onnx.TensorProto.FLOAT, ["n", "k"])
    y = onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, ["n", "m"])
    graph = onnx.helper.make_graph([node], "one", [x], [y], parts)
    onnx.save(onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=10), "one.onnx")
    session = ort.InferenceSession("one.onnx", providers=["CPUExecutionProvider"])
    columns = next(a.i for a in node.attribute if a.name == "K")
    return lambda rows: session.run(None, {x.name: rows})[0], columns


def weights(folder, name, rows):
    """The first rows of the matrix of a MatMulNBits operator, got by multiplying the identity."""
    multiply, columns = one(folder, name, True)
    print(json.dumps(multiply(np.eye(columns, dtype=np.float32)).T[: int(rows)].tolist()))


def product(folder, name, file):
    multiply, columns = one(folder, name, False)
    print(json.dumps(multiply(np.fromfile(file, "<f4").reshape(-1, columns)).reshape(-1).tolist()))


def experts(folder, name, file):
    os.chdir(folder)
    model = onnx.load("model.onnx", load_external_data=False)
    node = next(n for n in model.graph.node if n.name.startswith(name))
    parts = [i for i in model.graph.initializer if i.name in node.input]
    inner = next(i for i in parts if i.name == node.input[2])
    count, columns, kind = inner.dims[0], inner.dims[2], onnx.TensorProto.FLOAT
    if node.op_type == "QMoE":
        scales = next(i for i in parts if i.name == node.input[3])
        columns = scales.dims[2] * next(a.i for a in node.attribute if a.name == "block_size")
    else:
        kind = inner.data_type
    floats = [onnx.helper.make_tensor_value_info(node.input[i], kind, None) for i in (0, 1)]
    y = onnx.helper.make_tensor_value_info(node.output[0], kind, None)
    graph = onnx.helper.make_graph([node], "one", floats, [y], parts)
    onnx.save(onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=10), "one.onnx")
    session = ort.InferenceSession("one.onnx", providers=["CPUExecutionProvider"])
    data = np.fromfile(file, "<f4").reshape(-1, count + columns)
    data = data.astype(onnx.helper.tensor_dtype_to_np_dtype(kind))
    chosen = data[:, :count].copy()
    if node.op_type == "MoE":  # It takes the softmax of what it is given.
        with np.errstate(divide="ignore"):
            chosen = np.log(chosen)
    inputs = {node.input[0]: data[:, count:].copy(), node.input[1]: chosen}
    print(json.dumps(session.run(None, inputs)[0].astype(np.float32).reshape(-1).tolist()))


def tokenize(folder, file):
    tokenizer = og.Tokenizer(load(folder))
    with open(file, encoding="utf-8") as texts:
        for text in json.load(texts):
            print(json.dumps(tokenizer.encode(text).tolist()))


def chat(folder, file):
    tokenizer = og.Tokenizer(load(folder))
    with open(file, encoding="utf-8") as conversations:
        for messages in json.load(conversations):
            text = tokenizer.apply_chat_template(json.dumps(messages), add_generation_prompt=True)
            print(json.dumps(text))


if __name__ == "__main__":
    commands = (logits, last, adapted, greedy, types, weights, product, experts, tokenize, chat)
    {command.__name__: command for command in commands}[sys.argv[1]](*sys.argv[2:])
