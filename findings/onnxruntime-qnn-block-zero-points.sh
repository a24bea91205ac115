#!/usr/bin/env bash
# onnxruntime-qnn 2.7.0 (onnxruntime 1.32.0, Linux x86-64, the HTP of a Snapdragon X Elite simulated) takes 4-bit weights
# with a zero point for each block, DequantizeLinear in front of MatMul with 16-bit activations, without a word and computes
# with other numbers; signed weights without zero points are right, and so are zero points of blocks in MatMulNBits.
# Seen, root mean square errors of a product relative to the product itself: "int4: CPU .10, HTP .10",
# "uint4: CPU .08, HTP 2.80", "MatMulNBits: CPU .08, HTP .08". Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --no-compile --disable-pip-version-check onnxruntime==1.32.0 onnxruntime-qnn==2.7.0 onnx==1.23.2 numpy==2.4.6
cd "$work"
cat > seen.py << 'END'
import sys

import numpy as np
import onnxruntime as ort
import onnxruntime_qnn as qnn
from onnx import TensorProto, helper, numpy_helper

kind, name = sys.argv[1], "QNNExecutionProvider"
ort.register_execution_provider_library(name, qnn.get_library_path())
devices = [device for device in ort.get_ep_devices() if device.ep_name == name][:1]
columns, rows, tokens, block = 256, 64, 16, 32
random = np.random.default_rng(7)
weight = random.standard_normal((rows, columns)).astype(np.float32)
x = random.standard_normal((1, tokens, columns)).astype(np.float32)
blocks = weight.reshape(rows, columns // block, block)
if kind == "int4":
    scale = np.abs(blocks).max(2) / 7
    codes = np.clip(np.rint(blocks / scale[..., None]), -8, 7).astype(np.int64)
else:
    least = blocks.min(2)
    scale = (blocks.max(2) - least) / 15
    zero = np.clip(np.rint(-least / scale), 0, 15).astype(np.int64)
    codes = np.clip(np.rint(blocks / scale[..., None] + zero[..., None]), 0, 15).astype(np.int64)
scale = scale.astype(np.float32)
if kind == "MatMulNBits":
    pack = lambda a: (a[..., 0::2] | a[..., 1::2] << 4).astype(np.uint8)
    constants = [
        numpy_helper.from_array(pack(codes), "w"),
        numpy_helper.from_array(scale, "s"),
        numpy_helper.from_array(pack(zero), "z"),
    ]
    shape = dict(K=columns, N=rows, bits=4, block_size=block)
    nodes = [helper.make_node(kind, ["x", "w", "s", "z"], ["y"], domain="com.microsoft", **shape)]
else:
    type4 = TensorProto.INT4 if kind == "int4" else TensorProto.UINT4
    turned = codes.reshape(rows, columns).T
    constants = [
        helper.make_tensor("w", type4, [columns, rows], turned.reshape(-1).tolist()),
        numpy_helper.from_array(np.ascontiguousarray(scale.T), "s"),
        numpy_helper.from_array(np.float32(8 / 65535), "xs"),
        numpy_helper.from_array(np.float32(160 / 65535), "ys"),
        helper.make_tensor("middle", TensorProto.UINT16, [], [32768]),
    ]
    inputs = ["w", "s"]
    if kind == "uint4":
        constants.append(helper.make_tensor("z", type4, list(zero.T.shape), zero.T.reshape(-1).tolist()))
        inputs.append("z")
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "middle"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "xs", "middle"], ["xd"]),
        helper.make_node("DequantizeLinear", inputs, ["wd"], axis=0, block_size=block),
        helper.make_node("MatMul", ["xd", "wd"], ["p"]),
        helper.make_node("QuantizeLinear", ["p", "ys", "middle"], ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "ys", "middle"], ["y"]),
    ]
value = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, tokens, width])
graph = helper.make_graph(nodes, "product", [value("x", columns)], [value("y", rows)], constants)
opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
model = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
options = ort.SessionOptions()
options.log_severity_level = 3
options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
chip = {"backend_path": qnn.get_qnn_htp_path(), "soc_model": "60", "htp_arch": "73", "offload_graph_io_quantization": "0"}
options.add_provider_for_devices(devices, chip)
product = x @ weight.T
error = lambda y: float(np.sqrt(((y - product) ** 2).mean() / (product**2).mean()))
cpu = error(ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0])
htp = error(ort.InferenceSession(model, options).run(None, {"x": x})[0])
print(f"{kind}: CPU {cpu:.2f}, HTP {htp:.2f}".replace(" 0.", " ."))
END
for kind in int4 uint4 MatMulNBits; do
  "$work/venv/bin/python" seen.py "$kind" 2> /dev/null | grep ^"$kind:"
done | tee seen
diff seen - << 'END'
int4: CPU .10, HTP .10
uint4: CPU .08, HTP 2.80
MatMulNBits: CPU .08, HTP .08
END
