#!/usr/bin/env bash
# onnxruntime-qnn 2.7.0 (onnxruntime 1.32.0, Linux x86-64, simulated HTPs of a Snapdragon X Elite, v73, and of an 888, v68)
# takes a MatMul of two values of uint16 with zero points without a word, and rounds the second to 8 bits; with int16 around
# zero it is exact on v73 and refused on v68. Seen, root mean square errors relative to the product itself:
# "v73 uint16: .007", "v73 uint8: .007", "v73 int16: .000", "v68 uint16: .007", "v68 uint8: .007", "v68 int16: refused". Fails if that changes.
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

arch, kind, name = sys.argv[1], sys.argv[2], "QNNExecutionProvider"
random = np.random.default_rng(7)
shapes = {"x": [1, 4, 64, 64], "w": [1, 4, 64, 256], "y": [1, 4, 64, 256]}
# Step and code of zero: numbers up to 3, products up to 60.
top = {"uint16": 65535, "uint8": 255}
grids = {"x": (6 / 65535, np.uint16(32768)), "y": (120 / 65535, np.uint16(32768))}
grids["w"] = (4 / 32767, np.int16(0)) if kind == "int16" else (6 / top[kind], np.dtype(kind).type(top[kind] // 2 + 1))
nodes, constants = [], []


def rounded(value, given, result):
    step, zero = grids[value]
    constants.append(numpy_helper.from_array(np.float32(step), value + "s"))
    constants.append(numpy_helper.from_array(np.asarray(zero), value + "z"))
    grid = [value + "s", value + "z"]
    nodes.append(helper.make_node("QuantizeLinear", [given, *grid], [value + "q"]))
    nodes.append(helper.make_node("DequantizeLinear", [value + "q", *grid], [result]))


rounded("x", "x", "xd")
rounded("w", "w", "wd")
nodes.append(helper.make_node("MatMul", ["xd", "wd"], ["p"]))
rounded("y", "p", "y")
value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name])
graph = helper.make_graph(nodes, "product", [value("x"), value("w")], [value("y")], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()
given = {name: random.standard_normal(shapes[name]).clip(-3, 3).astype(np.float32) for name in ("x", "w")}
ort.register_execution_provider_library(name, qnn.get_library_path())
devices = [device for device in ort.get_ep_devices() if device.ep_name == name][:1]
options = ort.SessionOptions()
options.log_severity_level = 4
options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
chip = {"backend_path": qnn.get_qnn_htp_path(), "soc_model": {"v73": "60", "v68": "30"}[arch]}
options.add_provider_for_devices(devices, {**chip, "offload_graph_io_quantization": "0"})
product = given["x"] @ given["w"]
try:
    y = ort.InferenceSession(model, options).run(None, given)[0]
    error = float(np.sqrt(((y - product) ** 2).mean() / (product**2).mean()))
    print(f"{arch} {kind}: {error:.3f}".replace(" 0.", " ."))
except Exception:
    print(f"{arch} {kind}: refused")
END
for arch in v73 v68; do
  for kind in uint16 uint8 int16; do
    "$work/venv/bin/python" seen.py "$arch" "$kind" 2> /dev/null | grep "^$arch"
  done
done | tee seen
diff seen - << 'END'
v73 uint16: .007
v73 uint8: .007
v73 int16: .000
v68 uint16: .007
v68 uint8: .007
v68 int16: refused
END
