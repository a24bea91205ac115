"""Compares two folders in ONNX Runtime GenAI on the CPU: which constants are equal, tokens per second.

python onnx_speed.py OURS THEIRS      prompts of 256 tokens, then 64 tokens one by one, four times in
                                      turn; the best counts

One model is loaded at a time, and each comes first as often as second: of two in memory, the first
is slower by a tenth, whichever it is.
"""

import hashlib
import sys
import time
from pathlib import Path

import numpy as np
import onnx
from onnx_driver import generator, load

PROMPT, ANSWER, ROUNDS = 256, 64, 4


def constants(folder):
    model = onnx.load(str(Path(folder) / "model.onnx"), load_external_data=False)
    found = {}
    for tensor in model.graph.initializer:
        place = {entry.key: entry.value for entry in tensor.external_data}
        with open(Path(folder) / place["location"], "rb") as file:
            file.seek(int(place["offset"]))
            found[tensor.name] = hashlib.sha256(file.read(int(place["length"]))).hexdigest()
    return found


def speed(folder):
    """Tokens per second: of the prompt, and of the answer."""
    model = load(folder)
    run = generator(model, PROMPT + ANSWER)
    start = time.perf_counter()
    run.append_tokens(np.array([[7 * i % 1000 + 3 for i in range(PROMPT)]], np.int32))
    run.get_logits()
    middle = time.perf_counter()
    for _ in range(ANSWER):
        run.generate_next_token()
    return PROMPT / (middle - start), ANSWER / (time.perf_counter() - middle)


def main(*folders):
    ours, theirs = map(constants, folders)
    same = sum(ours.get(name) == digest for name, digest in theirs.items())
    print(f"{same} of {len(theirs)} constants are equal; ours has {len(ours)}.")
    rounds = {folder: [] for folder in folders}
    for i in range(ROUNDS):
        for folder in folders[:: 1 - 2 * (i % 2)]:
            rounds[folder].append(speed(folder))
    print("| graph | prompt tokens/s | answer tokens/s |\n|---|---|---|")
    for folder, label in zip(folders, ("ours", "the builder's")):
        prompt, answer = map(max, zip(*rounds[folder]))
        print(f"| {label} | {prompt:.1f} | {answer:.1f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
