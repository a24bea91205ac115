"""What mlx_lm makes of random words in AutoAWQ's packing, scales so short that nothing is rounded.
Run with mlx-lm 0.32.2: python make_packed_awq.py > ../resources/reference/packed-awq.json"""
import json, random
import mlx.core as mx
import mlx_lm
from mlx_lm.utils import _transform_awq_weights

random.seed(5)
columns, rows, group = 64, 16, 32
word = lambda: random.getrandbits(32) - 2**31
qweight = [[word() for _ in range(rows // 8)] for _ in range(columns)]
qzeros = [[word() for _ in range(rows // 8)] for _ in range(columns // group)]
scales = [[random.randint(1, 127) / 2048 for _ in range(rows)] for _ in range(columns // group)]
weights = {
    "a.qweight": mx.array(qweight, mx.int32),
    "a.qzeros": mx.array(qzeros, mx.int32),
    "a.scales": mx.array(scales, mx.float16),
}
made, _ = _transform_awq_weights(weights, {"bits": 4, "group_size": group})
f32 = {k: v.astype(mx.float32) if "scales" in k or "biases" in k else v for k, v in made.items()}
floats = mx.dequantize(f32["a.weight"], f32["a.scales"], f32["a.biases"], group, 4)
print(json.dumps({
    "how": f"make_packed_awq.py, mlx-lm {mlx_lm.__version__}: _transform_awq_weights, then mlx.core.dequantize in f32",
    "group": group, "qweight": qweight, "qzeros": qzeros, "scales": mx.array(scales, mx.float16).astype(mx.float32).tolist(),
    "floats": floats.tolist()}))
