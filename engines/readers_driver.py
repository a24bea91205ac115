"""Holds what phiquant read against readers that others wrote: gguf, safetensors, onnx, an XML parser.

Standard input has a request a line: {"input": PATH, "floats": FOLDER, "made": [PATH...]}. FOLDER is
what phiquant made of PATH as safetensors:f32; every weight in it must be what the readers find in
PATH. The artifacts that were made with it must open. The answer is a line: empty, or what is wrong.
"""

import json
import os
import re
import sys
import xml.etree.ElementTree as xml

import gguf
import numpy as np
import onnx
import safetensors
from gguf.quants import dequantize

FP4 = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], np.float32)
# The 16 levels of NF4 (Dettmers et al. 2023, QLoRA, appendix E).
NF4 = np.array(
    [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
     -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
     0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
     0.7229568362236023, 1.0], np.float32)


def floats(dtype, data):
    if dtype in ("BF16", "bf16"):
        return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
    kind = {"F16": np.float16, "f16": np.float16, "F32": np.float32, "f32": np.float32}[dtype]
    return np.frombuffer(data, kind).astype(np.float32)


def codes(data, bits, count):
    """Unsigned codes of some bits, the first in the lowest bits."""
    if bits == 8:
        return np.frombuffer(data, np.uint8)[:count]
    flat = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    return flat[: count * bits].reshape(-1, bits) @ (1 << np.arange(bits))


def stored(path):
    """The tensors of a safetensors file: name to (dtype, shape, bytes)."""
    with open(path, "rb") as file:
        return {
            name: (tensor["dtype"], tensor["shape"], bytes(tensor["data"]))
            for name, tensor in safetensors.deserialize(file.read())
        }


def of_folder(folder):
    single = os.path.join(folder, "model.safetensors")
    tensors = {}
    index = os.path.join(folder, "model.safetensors.index.json")
    if os.path.exists(index):
        with open(index, "rb") as file:
            names = set(json.load(file)["weight_map"].values())
        for name in sorted(names):
            tensors.update(stored(os.path.join(folder, name)))
    elif os.path.exists(single):
        tensors = stored(single)
    else:  # Shards whose index is missing.
        for name in sorted(os.listdir(folder)):
            if name.endswith(".safetensors"):
                tensors.update(stored(os.path.join(folder, name)))
    with open(os.path.join(folder, "config.json"), "rb") as file:
        quantization = json.load(file).get("quantization") or {}
    weights = {}
    for name, (dtype, shape, data) in tensors.items():
        module = name.rpartition(".")[0]
        if module + ".scales" not in tensors or name.endswith(".bias"):
            weights[name] = floats(dtype, data).reshape(shape)
        elif name.endswith(".weight"):
            own = quantization.get(module)
            weights[name] = mlx(tensors, module, own if isinstance(own, dict) else quantization)
    return apart(weights, "switch_mlp", {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3"})


def apart(weights, stack, names):
    """A layer's experts one by one, of tensors that hold all."""
    for name in [name for name in weights if re.search(rf"\.{stack}\.\D", name)]:
        before, _, part = name.removesuffix(".weight").rpartition(f".{stack}.")
        for e, expert in enumerate(weights.pop(name)):
            weights[f"{before}.experts.{e}.{names[part]}.weight"] = expert
    return weights


def mlx(tensors, module, how):
    """Codes of a row in little-endian words; a scale and a bias for each group (mlx's docs)."""
    _, (*shape, words), data = tensors[module + ".weight"]
    rows = int(np.prod(shape))
    mode = how.get("mode", "affine")
    dtype, _, scales = tensors[module + ".scales"]
    if mode == "affine":
        bits = how.get("bits", 4)
        q = codes(data, bits, rows * words * 32 // bits).astype(np.float32)
        s = floats(dtype, scales).reshape(rows, -1, 1)
        dtype, _, biases = tensors[module + ".biases"]
        b = floats(dtype, biases).reshape(rows, -1, 1)
        return (q.reshape(rows, s.shape[1], -1) * s + b).reshape(*shape, -1)
    assert mode == "mxfp4", mode
    q = FP4[codes(data, 4, rows * words * 8)]
    s = np.exp2(np.frombuffer(scales, np.uint8).astype(np.float32) - 127).reshape(rows, -1, 1)
    return (q.reshape(rows, s.shape[1], -1) * s).reshape(*shape, -1)


GGUF_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_qkv": "self_attn.qkv_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_up": "mlp.gate_up_proj",
    "ffn_down": "mlp.down_proj",
}


# What other members of the family call them.
FAMILY_NAMES = {
    "phi2": {
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.dense",
        "ffn_up": "mlp.fc1",
        "ffn_down": "mlp.fc2",
        "output_norm": "final_layernorm",
    },
    "phimoe": {
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "ffn_gate_inp": "block_sparse_moe.gate",
        "ffn_gate_exps": "block_sparse_moe.exps.w1",
        "ffn_down_exps": "block_sparse_moe.exps.w2",
        "ffn_up_exps": "block_sparse_moe.exps.w3",
    },
}


def of_gguf(path):
    reader = gguf.GGUFReader(path)
    kind = reader.fields["general.architecture"].contents()
    names = GGUF_NAMES | FAMILY_NAMES.get(kind, {})
    weights = {}
    for tensor in reader.tensors:
        module, _, end = tensor.name.rpartition(".")
        module = {
            "token_embd": "model.embed_tokens",
            "output_norm": "model." + names.get("output_norm", "norm"),
            "output": "lm_head",
        }.get(module)
        block = re.fullmatch(r"blk\.(\d+)\.(\w+)\.(weight|bias)", tensor.name)
        if block and block[2] in names:
            module = f"model.layers.{block[1]}.{names[block[2]]}"
        if module:
            shape = [int(n) for n in reversed(tensor.shape)]
            data = dequantize(tensor.data, tensor.tensor_type).reshape(shape)
            weights[f"{module}.{end}"] = data
    return apart(weights, "exps", {"w1": "w1", "w2": "w2", "w3": "w3"})


def of_onnx(folder):
    model = onnx.load(os.path.join(folder, "model.onnx"))
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    with open(os.path.join(folder, "config.json"), "rb") as file:
        hidden = json.load(file)["hidden_size"]
    makers = {output: node for node in model.graph.node for output in node.output}

    def array(name):
        return onnx.numpy_helper.to_array(constants[name])

    def plain(name):
        return array(name).astype(np.float32)

    def blocks(node, rows, columns):
        """Source: ONNX Runtime's ContribOperators.md, MatMulNBits."""
        attributes = {a.name: a.i for a in node.attribute}
        bits, size = attributes.get("bits", 4), attributes["block_size"]
        index = {"GatherBlockQuantized": 0}.get(node.op_type, 1)
        data = array(node.input[index])
        count = -(-columns // size)
        q = codes(data.tobytes(), bits, data.size * 8 // bits).reshape(rows, count, -1)
        scale = plain(node.input[2]).reshape(rows, count, 1)
        zero = np.float32(1 << (bits - 1))
        if len(node.input) > 3 and node.input[3]:
            packed = array(node.input[3]).reshape(rows, -1)
            each = [codes(row.tobytes(), bits, count) for row in packed]
            zero = np.array(each, np.float32).reshape(rows, count, 1)
        return ((q.astype(np.float32) - zero) * scale).reshape(rows, -1)[:, :columns]

    def matrix(node):
        if node.op_type == "MatMul":
            return plain(node.input[1]).T
        attributes = {a.name: a.i for a in node.attribute}
        return blocks(node, attributes["N"], attributes["K"])

    weights = {}
    for node in model.graph.node:
        if not isinstance(node.name, str):  # Not UTF-8: protobuf gives it as bytes.
            continue
        found = re.fullmatch(
            r"/model/(layers\.\d+)/(attn|mlp)/(\w+_proj)/MatMul.*", node.name, re.DOTALL)
        norm = re.fullmatch(
            r"/model/(layers\.\d+)/(input|post_attention|final_norm)_layernorm/\w+", node.name)
        if found and node.op_type.startswith("MatMul"):
            part = "self_attn" if found[2] == "attn" else "mlp"
            weights[f"model.{found[1]}.{part}.{found[3]}.weight"] = matrix(node)
        elif re.fullmatch("/lm_head/MatMul.*", node.name) and node.op_type.startswith("MatMul"):
            weights["lm_head.weight"] = matrix(node)
        elif norm and node.op_type.endswith("LayerNormalization"):
            name = f"model.{norm[1]}.{norm[2]}_layernorm.weight"
            vector = plain(node.input[2 if node.op_type.startswith("Skip") else 1])
            weights["model.norm.weight" if norm[2] == "final_norm" else name] = vector
        elif re.fullmatch(r"/model/embed_tokens/Gather\w*", node.name):
            maker = makers.get(node.input[0])
            if maker is not None and maker.op_type == "Transpose":
                weights["model.embed_tokens.weight"] = plain(maker.input[0]).T
            elif node.op_type == "Gather":
                weights["model.embed_tokens.weight"] = plain(node.input[0])
            elif maker is not None and maker.op_type == "Reshape":
                table = onnx.NodeProto()
                table.CopyFrom(node)
                table.input[0] = maker.input[0]
                rows = array(maker.input[0]).shape[0]
                weights["model.embed_tokens.weight"] = blocks(table, rows, hidden)
            else:
                rows = array(node.input[0]).shape[0]
                weights["model.embed_tokens.weight"] = blocks(node, rows, hidden)
    return stacked(weights)


def stacked(weights):
    for name in [name for name in weights if ".q_proj." in name]:
        parts = [weights.pop(name.replace(".q_proj.", f".{x}_proj.")) for x in "qkv"]
        weights[name.replace(".q_proj.", ".qkv_proj.")] = np.concatenate(parts)
    for name in [name for name in weights if ".gate_proj." in name]:
        parts = [weights.pop(name.replace(".gate_proj.", f".{x}_proj.")) for x in ("gate", "up")]
        weights[name.replace(".gate_proj.", ".gate_up_proj.")] = np.concatenate(parts)
    return weights


def of_ir(folder):
    with open(os.path.join(folder, "openvino_model.bin"), "rb") as file:
        data = file.read()
    net = xml.parse(os.path.join(folder, "openvino_model.xml")).getroot()
    constants = {}
    layers = {layer.get("id"): layer for layer in net.findall("layers/layer")}
    users = {}
    for edge in net.findall("edges/edge"):
        users.setdefault(edge.get("from-layer"), []).append(layers.get(edge.get("to-layer")))

    def value(layer):
        facts = layer.find("data").attrib
        shape = [int(n) for n in re.findall(r"\d+", facts["shape"])]
        at, size = int(facts["offset"]), int(facts["size"])
        kind, count, part = facts["element_type"], int(np.prod(shape)), data[at : at + size]
        if kind in ("f32", "f16", "bf16"):
            numbers = floats(kind, part)
        elif kind in ("u8", "u4"):
            numbers = codes(part, int(kind[1:]), count).astype(np.float32)
        elif kind in ("i8", "i4"):
            bits = int(kind[1:])
            half = 1 << (bits - 1)
            numbers = ((codes(part, bits, count).astype(np.int32) ^ half) - half).astype(np.float32)
        else:
            numbers = {"nf4": NF4, "f4e2m1": FP4}[kind][codes(part, 4, count)]
        return numbers.reshape(shape)

    weights = {}
    for number, layer in layers.items():
        if layer.get("type") != "Const":
            continue
        name = layer.get("name").removeprefix("self.").replace("._openvino_orig_weight", ".weight")
        if re.fullmatch(r".*\.weight(/scale|/zero_point)?", name, re.DOTALL):
            constants[name] = layer
            continue
        for user in users.get(number, []):
            if user is not None and user.get("type") == "Convert":
                user = next(iter(users.get(user.get("id"), [])), None)
            norm = user is not None and re.fullmatch(r"(?:__module\.)?(.*norm)/.*", user.get("name"))
            shape = [int(n) for n in re.findall(r"\d+", layer.find("data").get("shape", ""))]
            if norm and user.get("type") == "Multiply" and shape and shape[-1] > 1:
                weights[norm[1] + ".weight"] = value(layer).reshape(-1)
    for name, layer in constants.items():
        if name.endswith(".weight"):
            w = value(layer)
            if name + "/zero_point" in constants:
                w = w - value(constants[name + "/zero_point"])
            if name + "/scale" in constants:
                w = w * value(constants[name + "/scale"])
            outer = w.shape[:2] if ".experts." in name else w.shape[:1]
            weights[name] = w.reshape(*outer, -1) if w.ndim > 1 else w
    return apart(weights, "experts", {"w1": "w1", "w2": "w2", "w3": "w3"})


def of(path):
    if path.endswith(".gguf"):
        return of_gguf(path)
    if os.path.exists(os.path.join(path, "openvino_model.xml")):
        return of_ir(path)
    if os.path.exists(os.path.join(path, "model.onnx")) and not any(
        os.path.exists(os.path.join(path, name))
        for name in ("model.safetensors", "model.safetensors.index.json")
    ):
        return of_onnx(path)
    return of_folder(path)


def opens(path):
    if path.endswith(".gguf"):
        gguf.GGUFReader(path)
    elif os.path.exists(os.path.join(path, "openvino_model.xml")):
        xml.parse(os.path.join(path, "openvino_model.xml"))
    elif os.path.exists(os.path.join(path, "model.onnx")):
        onnx.load(os.path.join(path, "model.onnx"))
    else:
        stored(os.path.join(path, "model.safetensors"))


def graph_of_another(path):
    """Whether this is a graph of a model that is no Phi-3: of those only some weights are found."""
    config = os.path.join(path, "config.json")
    if not os.path.exists(config) or os.path.exists(os.path.join(path, "model.safetensors")):
        return False
    with open(config, "rb") as file:
        return json.load(file).get("model_type") in ("phi", "phimoe", "phi3small")


def check(request):
    made = stored(os.path.join(request["floats"], "model.safetensors"))
    there = of(request["input"])
    for name, (_, shape, data) in made.items():
        ours = np.frombuffer(data, np.float32).reshape(shape)
        if name not in there and graph_of_another(request["input"]):
            continue
        if name not in there:
            return f"no other reader finds {name}"
        theirs = there[name]
        if theirs.shape != ours.shape:
            return f"{name} has the shape {theirs.shape} to another reader, not {ours.shape}"
        # Decoders round in another order; a wrong code, scale or place is far larger than that.
        room = 1e-6 * np.abs(theirs).max(initial=0) + 1e-6 * np.abs(theirs)
        wrong = np.argwhere(~(np.abs(ours - theirs) <= room))
        if len(wrong):
            at = tuple(wrong[0])
            return f"{name}{list(map(int, at))} is {theirs[at]} to another reader, not {ours[at]}"
    for path in request["made"]:
        opens(path)
    return ""


for line in sys.stdin:
    try:
        answer = check(json.loads(line))
    except Exception as e:  # A reader refuses what phiquant took: that is an answer.
        answer = f"{type(e).__name__}: {e}"
    print(" ".join(answer.split()), flush=True)
