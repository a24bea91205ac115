"""Measures models in a real engine: perplexity of a text, and what the first of them thinks
differently.

python perplexity.py onnx|openvino|mlx IDS_FILE WINDOW FOLDER...   a line of JSON for each folder

IDS_FILE holds token ids, as JSON; they are cut into windows that do not know of each other, every
token but a window's first is scored. KL(first || folder) in nats, mean over the scored tokens.
Everything is on the CPU; OpenVINO has f32 cache and activations, so that weights alone are measured.
"""

import json
import sys
from pathlib import Path

import numpy as np


def onnx(folder):
    from onnx_driver import generator, load

    model = load(folder)

    def logits(tokens):
        run = generator(model, len(tokens) + 1)
        run.append_tokens(np.array([tokens], np.int32))
        return run.get_output("logits")[0].astype(np.float32)

    return logits


def openvino(folder):
    from openvino_driver import compiled, infer

    request = compiled(folder).create_infer_request()

    def logits(tokens):
        request.reset_state()
        return infer(request, tokens, 0)

    return logits


def mlx(folder):
    import mlx.core as mx
    from mlx_lm import load

    mx.set_default_device(mx.cpu)
    model, _ = load(folder)
    return lambda tokens: np.array(model(mx.array([tokens]))[0].astype(mx.float32))


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def main(engine, ids_file, window, *folders):
    ids, window = json.loads(Path(ids_file).read_text()), int(window)
    windows = [ids[at : at + window] for at in range(0, len(ids), window)]
    reference = []
    for folder in folders:
        model, first = {"onnx": onnx, "openvino": openvino, "mlx": mlx}[engine](folder), not reference
        loss, divergence, same, scored = 0.0, 0.0, 0, 0
        for w, tokens in enumerate(windows):
            logits = model(tokens)[:-1].copy()
            if first:
                reference.append(logits)
            ours, exact = log_softmax(logits), log_softmax(reference[w])
            loss -= ours[np.arange(len(tokens) - 1), tokens[1:]].sum()
            divergence += (np.exp(exact) * (exact - ours)).sum()
            same += int((exact.argmax(1) == ours.argmax(1)).sum())
            scored += len(tokens) - 1
        print(
            json.dumps({
                "perplexity": float(np.exp(loss / scored)),
                "kl": float(divergence / scored),
                "same": same / scored,
            }),
            flush=True,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
