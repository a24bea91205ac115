"""Asks ONNX Runtime what it makes of blocks of a few bits, for the tests of phiquant.

python nbits_driver.py quantize FILE TYPE COLUMNS FOLDER   quantizes float32 rows with every algorithm, number
                                                  of bits, block, with and without zero points into NAME.codes, NAME.scales, NAME.zeros
python nbits_driver.py decode FOLDER COLUMNS NAME...  decodes what lies there under those names with the
                                                  operators MatMulNBits and GatherBlockQuantized
NAME is ALGORITHM-BITS-BLOCK-sym|asym-TYPE.
"""

import itertools
import sys
import types

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.capi import _pybind_state as native

# The quantizers' module reads models with it; the functions used here do not.
sys.modules["onnx_ir"] = types.ModuleType("onnx_ir")
from onnxruntime.quantization.neural_compressor import weight_only  # noqa: E402

TYPES = {"FLOAT32": np.float32, "FLOAT16": np.float16}
BLOCKS = [16, 32, 64, 128, 256]


def padded(x, block):
    return np.pad(x, ((0, 0), (0, -x.shape[1] % block)))


def by_library(x, bits, block, symmetric):
    """What DefaultWeightOnlyQuantizer.qbits_block_quant does for the weight x transposed."""
    rows, columns = x.shape
    blocks = -(-columns // block)
    codes = np.zeros((rows, blocks, block * bits // 8), np.uint8)
    scales = np.zeros((rows, blocks), x.dtype)
    zeros = np.zeros((rows, -(-blocks * bits // 8)), np.uint8)
    quantize = getattr(native, f"quantize_matmul_{bits}bits")
    weight = np.ascontiguousarray(padded(x, block).T)
    quantize(codes, weight, scales, zeros, block, rows, columns, symmetric)
    return codes, scales, None if symmetric else zeros


def by_neural_compressor(x, algorithm, bits, block, symmetric):
    """What rtn_quantize does for the weight x transposed."""
    weight = padded(x, block)
    blocks = weight.shape[1] // block
    scheme = "sym" if symmetric else "asym"
    if algorithm == "k_quant":
        codes, scales, zeros = weight_only.quant_tensor_k_quant_cpu(weight, bits, block)
    else:
        codes, scales, zeros = weight_only.quant_tensor(weight, bits, block, scheme, "uint", 1)
    stored = not symmetric or algorithm == "k_quant"
    # It cannot pack the zero points of rows that do not fill their last byte.
    packs = blocks * bits % 8 == 0
    node = onnx.helper.make_node("MatMul", ["a", "w"], ["y"], name="n")
    _, tensors = weight_only.make_matmul_weight_only_node(
        node, (x.shape[1], x.shape[0]), bits, block, blocks, codes.astype("uint8"),
        scales.astype(x.dtype), zeros if stored and packs else None)
    named = {t.name.split("_")[-1]: onnx.numpy_helper.to_array(t) for t in tensors}
    return named[f"Q{bits}G{block}"], named["scale"], named.get("zp")


def quantize(file, kind, columns, folder):
    x = np.fromfile(file, np.float32).reshape(-1, int(columns)).astype(TYPES[kind])
    everything = itertools.product(["default", "rtn", "k_quant"], [2, 4, 8], BLOCKS, [True, False])
    for algorithm, bits, block, symmetric in everything:
        if algorithm == "default":
            parts = by_library(x, bits, block, symmetric)
        elif bits == 2:
            continue
        else:
            with np.errstate(all="ignore"):
                parts = by_neural_compressor(x, algorithm, bits, block, symmetric)
        name = f"{algorithm}-{bits}-{block}-{'sym' if symmetric else 'asym'}-{kind}"
        for part, what in zip(parts, ["codes", "scales", "zeros"]):
            if part is not None:
                part.tofile(f"{folder}/{name}.{what}")


def decode(folder, columns, *names):
    for name in names:
        _, bits, block, _, kind = name.split("-")
        bits, block, columns = int(bits), int(block), int(columns)
        blocks = columns // block
        codes = np.fromfile(f"{folder}/{name}.codes", np.uint8).reshape(-1, blocks, block * bits // 8)
        rows = codes.shape[0]
        parts = [("scales", np.fromfile(f"{folder}/{name}.scales", TYPES[kind]).reshape(rows, blocks))]
        zeros = np.fromfile(f"{folder}/{name}.zeros", np.uint8).reshape(rows, -1)
        if zeros.size:
            parts.append(("zeros", zeros))
        unit = np.eye(columns, dtype=TYPES[kind])
        product = run("MatMulNBits", {"a": unit, "codes": codes, **dict(parts)},
                      ["a", "codes", *(n for n, _ in parts)], TYPES[kind],
                      K=columns, N=rows, bits=bits, block_size=block)
        np.ascontiguousarray(product.T.astype(np.float32)).tofile(f"{folder}/{name}.product")
        gathered = run("GatherBlockQuantized",
                       {"codes": codes.reshape(rows, -1), "ids": np.arange(rows), **dict(parts)},
                       ["codes", "ids", *(n for n, _ in parts)], TYPES[kind],
                       gather_axis=0, quantize_axis=1, bits=bits, block_size=block)
        gathered.astype(np.float32).tofile(f"{folder}/{name}.gathered")


def run(op, values, inputs, kind, **attributes):
    helper = onnx.helper
    output = helper.make_tensor_value_info("y", helper.np_dtype_to_tensor_dtype(np.dtype(kind)), None)
    feed = inputs[0] if op == "MatMulNBits" else "ids"
    value = values.pop(feed)
    graph = helper.make_graph(
        [helper.make_node(op, inputs, ["y"], domain="com.microsoft", **attributes)], "g",
        [helper.make_tensor_value_info(
            feed, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)],
        [output], [onnx.numpy_helper.from_array(v, n) for n, v in values.items()])
    model = helper.make_model(graph, ir_version=10, opset_imports=[
        helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)])
    return ort.InferenceSession(model.SerializeToString()).run(["y"], {feed: value})[0]


if __name__ == "__main__":
    {"quantize": quantize, "decode": decode}[sys.argv[1]](*sys.argv[2:])
