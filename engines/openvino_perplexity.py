"""Measures IRs in OpenVINO: perplexity of a text, and what the first of them thinks differently.

python openvino_perplexity.py IDS_FILE WINDOW FOLDER...   a line of JSON for each folder

IDS_FILE holds token ids, as JSON; they are cut into windows that do not know of each other, every
token but a window's first is scored. KL(first || folder) in nats, mean over the scored tokens. With
f32 cache and activations, so that weights alone are measured.
"""

import json
import sys
from pathlib import Path

import numpy as np
from openvino_driver import compiled, infer


def log_softmax(logits):
    shifted = logits.astype(np.float64) - logits.max(1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(1, keepdims=True))


def main(ids_file, window, *folders):
    ids, window = json.loads(Path(ids_file).read_text()), int(window)
    windows = [ids[at : at + window] for at in range(0, len(ids), window)]
    reference = None
    for folder in folders:
        request = compiled(folder).create_infer_request()
        logits, loss, divergence, same, scored = [], 0.0, 0.0, 0, 0
        for w, tokens in enumerate(windows):
            request.reset_state()
            logits.append(infer(request, tokens, 0)[:-1].copy())
            ours = log_softmax(logits[w])
            exact = log_softmax(reference[w]) if reference else ours
            loss -= ours[np.arange(len(tokens) - 1), tokens[1:]].sum()
            divergence += (np.exp(exact) * (exact - ours)).sum()
            same += int((exact.argmax(1) == ours.argmax(1)).sum())
            scored += len(tokens) - 1
        reference = reference or logits
        print(json.dumps({
            "perplexity": float(np.exp(loss / scored)),
            "kl": float(divergence / scored),
            "same": same / scored,
        }), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
