"""Times IRs in OpenVINO with its default settings, in turn, forward and back: loading, prompt, generation.

python openvino_speed.py TOKENS ROUNDS FOLDER...   a line of JSON for each folder, the best of each

load_s     from nothing to a compiled model, weights in the page cache
prompt     tokens per second of a prompt of 64 tokens
generate   tokens per second of TOKENS tokens after it, one by one
"""

import gc
import json
import sys
import time

import openvino as ov

from openvino_driver import infer

PROMPT = list(range(100, 164))


def run(folder, tokens):
    start = time.monotonic()
    request = ov.Core().compile_model(f"{folder}/openvino_model.xml", "CPU").create_infer_request()
    load = time.monotonic() - start
    infer(request, PROMPT[:8], 0)
    request.reset_state()
    start = time.monotonic()
    rows = infer(request, PROMPT, 0)
    prompt = len(PROMPT) / (time.monotonic() - start)
    start = time.monotonic()
    for i in range(tokens):
        rows = infer(request, [int(rows[-1].argmax())], len(PROMPT) + i)
    return load, prompt, tokens / (time.monotonic() - start)


def main(tokens, rounds, *folders):
    results = {folder: [] for folder in folders}
    for i in range(int(rounds)):
        for folder in folders[:: 1 - 2 * (i % 2)]:
            results[folder].append(run(folder, int(tokens)))
            gc.collect()
    for folder, runs in results.items():
        load, prompt, generate = zip(*runs)
        print(json.dumps({
            "folder": folder,
            "load_s": round(min(load), 2),
            "prompt": round(max(prompt), 1),
            "generate": round(max(generate), 1),
        }))


if __name__ == "__main__":
    main(*sys.argv[1:])
