#!/usr/bin/env bash
# llama_model_quantize of libllama 0.5.0 (npm @node-llama-cpp/linux-x64 3.22.1), which llama-quantize calls, with an importance
# matrix that has zeros, as its collector writes them for channels that are silent on the text: where 256 neighbouring columns
# have zeros, most types get no weights there but zeros or noise, Q6_K too, and nothing is logged. Q4_1 and Q8_0 are as ever.
# Seen: the lines at the end, relative errors in the silent columns, beside those with ones in the matrix.
# Fails if that changes.
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
npm pack --silent @node-llama-cpp/linux-x64@3.22.1 > /dev/null
tar xzf ./*.tgz
python3 -m venv venv
venv/bin/pip install -q --no-compile --disable-pip-version-check gguf==0.19.0 numpy==2.4.6
cat > seen.py << 'END'
import ctypes

import gguf
import numpy as np

folder = "package/bins/linux-x64/"
libraries = [ctypes.CDLL(f"{folder}lib{name}.so", ctypes.RTLD_GLOBAL) for name in ("ggml-base", "ggml.v0.5.0", "llama.v0.5.0")]
libraries[1].ggml_backend_load_all_from_path(folder.encode())
llama = libraries[2]


class Parameters(ctypes.Structure):  # llama_model_quantize_params; what follows the matrix keeps its defaults
    _fields_ = [("threads", ctypes.c_int32), ("file_type", ctypes.c_int32), ("types", ctypes.c_int32 * 2),
                ("requantize", ctypes.c_bool), ("output", ctypes.c_bool), ("copy", ctypes.c_bool), ("pure", ctypes.c_bool),
                ("matrix", ctypes.c_void_p), ("rest", ctypes.c_void_p * 32)]


class Entry(ctypes.Structure):  # llama_model_imatrix_data; one without a name is the last
    _fields_ = [("name", ctypes.c_char_p), ("data", ctypes.POINTER(ctypes.c_float)), ("size", ctypes.c_size_t)]


llama.llama_model_quantize_default_params.restype = Parameters
logged = []
log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda level, *_: logged.append(level))
llama.llama_log_set(log, None)

SIZE = 512
facts = dict(block_count=1, context_length=64, embedding_length=SIZE, feed_forward_length=SIZE, head_count=4, head_count_kv=4,
             layer_norm_rms_eps=1e-5, rope_dimension_count=128)
writer = gguf.GGUFWriter("source.gguf", "phi3")
for name, value in facts.items():
    getattr(writer, f"add_{name}")(value)
name, weight = "blk.0.ffn_down.weight", np.random.default_rng(7).standard_normal((SIZE, SIZE)).astype(np.float32)
writer.add_tensor(name, weight)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
right = weight[:, :256]


def error(file_type, silent):
    matrix = np.where(np.arange(SIZE) < 256, silent, 1).astype(np.float32)
    entries = (Entry * 2)(Entry(name.encode(), matrix.ctypes.data_as(ctypes.POINTER(ctypes.c_float)), SIZE))
    parameters = llama.llama_model_quantize_default_params()
    parameters.file_type, parameters.pure, parameters.matrix = file_type, True, ctypes.addressof(entries)
    code = llama.llama_model_quantize(b"source.gguf", b"quantized.gguf", ctypes.byref(parameters))
    assert code == 0 and max(logged) < 3, "refused, or a warning"
    tensor = gguf.GGUFReader("quantized.gguf").tensors[0]
    quantized = gguf.dequantize(tensor.data, tensor.tensor_type)[:, :256]
    return np.sqrt(np.square(quantized - right).mean() / np.square(right).mean())


for kind, file_type in {"Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "Q4_K": 15, "Q6_K": 18, "IQ2_XS": 20, "IQ4_XS": 30}.items():
    print(f"{kind}: {error(file_type, 0):.2f}, with ones {error(file_type, 1):.2f}")
END
venv/bin/python seen.py 2> /dev/null | tee seen
diff seen - << 'END'
Q4_0: 1.00, with ones 0.08
Q4_1: 0.08, with ones 0.07
Q8_0: 0.01, with ones 0.01
Q4_K: 1.00, with ones 0.07
Q6_K: 1.00, with ones 0.02
IQ2_XS: 0.77, with ones 0.30
IQ4_XS: 1.00, with ones 0.08
END
