#!/usr/bin/env python3
"""Tokens per second of llama.cpp's prebuilt library, as RunSpeed measures ours: a prompt of 256
tokens, then 64 one by one, the best of some repetitions. Prints one JSON line.

    llama_run.py LIBRARY_FOLDER MODEL.gguf THREADS REPETITIONS
"""
import ctypes as c
import glob
import json
import os
import sys
import time

PROMPT, DECODED = 256, 64


class Batch(c.Structure):
    _fields_ = [("n", c.c_int32), ("token", c.c_void_p), ("embd", c.c_void_p), ("pos", c.c_void_p),
                ("n_seq", c.c_void_p), ("seq", c.c_void_p), ("logits", c.c_void_p)]


class Parameters(c.Structure):
    """Larger than any version's; passed by value, read only as far as the callee knows it."""
    _fields_ = [("words", c.c_int64 * 64)]


def integer(parameters: Parameters, offset: int, value: int) -> None:
    c.memmove(c.addressof(parameters) + offset, c.byref(c.c_int32(value)), 4)


def main() -> None:
    folder, model_path, threads, repetitions = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

    def load(pattern: str) -> c.CDLL:
        return c.CDLL(glob.glob(os.path.join(folder, pattern))[0], mode=c.RTLD_GLOBAL)

    load("libggml-base*.so")
    ggml = load("libggml.*so")
    llama = load("libllama.*so")
    quiet = c.CFUNCTYPE(None, c.c_int, c.c_char_p, c.c_void_p)(lambda *_: None)
    llama.llama_log_set(quiet, None)
    ggml.ggml_backend_load_all_from_path(folder.encode())
    for name in ("llama_model_default_params", "llama_context_default_params"):
        getattr(llama, name).restype = Parameters
    llama.llama_model_load_from_file.restype = c.c_void_p
    llama.llama_model_load_from_file.argtypes = [c.c_char_p, Parameters]
    llama.llama_init_from_model.restype = c.c_void_p
    llama.llama_init_from_model.argtypes = [c.c_void_p, Parameters]
    llama.llama_decode.argtypes = [c.c_void_p, Batch]
    llama.llama_get_memory.restype = c.c_void_p
    llama.llama_get_memory.argtypes = [c.c_void_p]
    llama.llama_memory_clear.argtypes = [c.c_void_p, c.c_bool]
    llama.llama_synchronize.argtypes = [c.c_void_p]
    llama.llama_model_get_vocab.restype = c.c_void_p
    llama.llama_model_get_vocab.argtypes = [c.c_void_p]
    llama.llama_vocab_n_tokens.argtypes = [c.c_void_p]
    llama.llama_batch_get_one.restype = Batch
    llama.llama_batch_get_one.argtypes = [c.c_void_p, c.c_int32]

    start = time.monotonic()
    model = llama.llama_model_load_from_file(model_path.encode(), llama.llama_model_default_params())
    loaded = time.monotonic() - start
    if not model:
        sys.exit(f"llama.cpp does not load {model_path}.")
    parameters = llama.llama_context_default_params()
    integer(parameters, 0, PROMPT + DECODED)   # n_ctx
    integer(parameters, 28, threads)           # n_threads
    integer(parameters, 32, threads)           # n_threads_batch
    context = llama.llama_init_from_model(model, parameters)
    size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    ids = [(7919 * i + 13) % size for i in range(PROMPT + DECODED)]

    def decode(tokens: list[int]) -> None:
        # One sequence, logits for the last token only.
        array = (c.c_int32 * len(tokens))(*tokens)
        if llama.llama_decode(context, llama.llama_batch_get_one(array, len(tokens))) != 0:
            sys.exit("llama.cpp could not decode.")
        llama.llama_synchronize(context)

    prefill = decoded = 0.0
    for _ in range(repetitions):
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        begin = time.monotonic()
        decode(ids[:PROMPT])
        middle = time.monotonic()
        for token in ids[PROMPT:]:
            decode([token])
        end = time.monotonic()
        prefill, decoded = max(prefill, PROMPT / (middle - begin)), max(decoded, DECODED / (end - middle))
    print(json.dumps({"engine": "llama.cpp", "file": os.path.basename(model_path), "threads": threads,
                      "load_s": round(loaded, 3), "prefill_tok_s": round(prefill, 1),
                      "decode_tok_s": round(decoded, 1)}))


if __name__ == "__main__":
    main()
