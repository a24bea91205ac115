#!/usr/bin/env bash
# onnxruntime 1.32.0's MoE and QMoE have an attribute use_sparse_mixer, for Phi-3.5-MoE's way to weigh experts. The CPU's
# kernels take it, say nothing and weigh by the softmax of the two best all the same. Sparsemixer weighs each of the two among
# those within 2 % of it, so that the two weights together are near 2.
# Seen: the lines at the end; numbers are the largest differences from either way, computed with numpy. Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cat > seen.py << 'END'
import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

EXPERTS, SIZE, TOKENS, SCALE = 4, 32, 64, 0.05
random = np.random.default_rng(7)
x, logits = (random.standard_normal((TOKENS, width)).astype(np.float32) for width in (SIZE, EXPERTS))
codes = random.integers(0, 16, (2, EXPERTS, SIZE, SIZE))  # offset 8; exact in QMoE's four bits
first, second = ((codes - 8) * SCALE).astype(np.float32)


def softmax_of_two():
    exp = np.exp(logits) * (logits >= np.sort(logits, 1)[:, -2:-1])
    return exp / exp.sum(1, keepdims=True)


def sparsemixer():
    weights, left, tokens = np.zeros_like(logits), logits.copy(), np.arange(TOKENS)
    for _ in range(2):
        best, largest = left.argmax(1), left.max(1, keepdims=True)
        near = (largest - logits) / np.maximum(np.abs(logits), largest) <= 0.02
        exp = np.exp(left) * near  # one that is taken already is -inf in left
        weights[tokens, best] = exp[tokens, best] / exp.sum(1)
        left[tokens, best] = -np.inf
    return weights


def mixture(weights):
    inner = np.maximum(np.einsum("ti,eoi->teo", x, first), 0)
    return np.einsum("te,teo->to", weights, np.einsum("tei,eoi->teo", inner, second))


def run(kind, **attributes):
    if kind == "MoE":
        constants = {"w1": first, "w2": second}
        inputs = ["x", "logits", "w1", "", "w2"]
    else:
        packed = (codes[..., 0::2] | codes[..., 1::2] << 4).astype(np.uint8)
        scales = np.full((EXPERTS, SIZE), SCALE, np.float32)
        constants = {"w1": packed[0], "s1": scales, "w2": packed[1], "s2": scales}
        inputs = ["x", "logits", "w1", "s1", "", "w2", "s2"]
        attributes["expert_weight_bits"] = 4
    node = helper.make_node(kind, inputs, ["y"], domain="com.microsoft", k=2, activation_type="relu",
                            normalize_routing_weights=1, **attributes)
    value = lambda name, width: helper.make_tensor_value_info(name, TensorProto.FLOAT, [TOKENS, width])
    graph = helper.make_graph([node], "mixture", [value("x", SIZE), value("logits", EXPERTS)], [value("y", SIZE)],
                              [numpy_helper.from_array(array, name) for name, array in constants.items()])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    return ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": x, "logits": logits})[0]


off = lambda y, weights: f"{np.abs(y - mixture(weights)).max():.2f}"
for kind in "MoE", "QMoE":
    for asked in 0, 1:
        y = run(kind, use_sparse_mixer=asked)
        print(f"{kind}, use_sparse_mixer={asked}: from the softmax of two {off(y, softmax_of_two())}, from sparsemixer {off(y, sparsemixer())}")
END
venv/bin/python seen.py 2>&1 | tee seen
diff seen - << 'END'
MoE, use_sparse_mixer=0: from the softmax of two 0.00, from sparsemixer 4.26
MoE, use_sparse_mixer=1: from the softmax of two 0.00, from sparsemixer 4.26
QMoE, use_sparse_mixer=0: from the softmax of two 0.00, from sparsemixer 4.26
QMoE, use_sparse_mixer=1: from the softmax of two 0.00, from sparsemixer 4.26
END
