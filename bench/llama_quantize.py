#!/usr/bin/env python3
"""llama-quantize without building llama.cpp: calls llama_model_quantize of a prebuilt libllama.

    llama_quantize.py LIBRARY_FOLDER SOURCE.gguf OUT.gguf FTYPE THREADS

FTYPE is the number of enum llama_ftype in llama.h (15: Q4_K_M, 7: Q8_0, 2: Q4_0).
"""
import ctypes
import sys
from pathlib import Path


def main() -> int:
    folder, source, out, ftype, threads = sys.argv[1:]
    base = Path(folder)
    for name in ("libggml-base.so", *(p.name for p in base.glob("libggml.*so"))):
        ctypes.CDLL(str(base / name), mode=ctypes.RTLD_GLOBAL)
    llama = ctypes.CDLL(str(next(p for p in base.glob("libllama.*so"))))

    # The first two fields of struct llama_model_quantize_params are stable: nthread, ftype.
    class Params(ctypes.Structure):
        _fields_ = [("nthread", ctypes.c_int32), ("ftype", ctypes.c_int32), ("rest", ctypes.c_byte * 248)]

    llama.llama_model_quantize_default_params.restype = Params
    params = llama.llama_model_quantize_default_params()
    params.nthread, params.ftype = int(threads), int(ftype)
    return llama.llama_model_quantize(source.encode(), out.encode(), ctypes.byref(params))


if __name__ == "__main__":
    sys.exit(main())
