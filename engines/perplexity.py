"""Measures models in a real engine: perplexity of a text, and what the first of them thinks
differently.

python perplexity.py onnx|npu|openvino|openvino-int8|mlx IDS_FILE WINDOW FOLDER...
                                                               a line of JSON for each folder

IDS_FILE holds token ids, as JSON; they are cut into windows that do not know of each other, every
token but a window's first is scored: its loss is -ln p. KL(first || folder) in nats, mean over the
scored tokens. Everything is on the CPU; OpenVINO has f32 cache and activations, so that weights alone
are measured, or rounds the inputs of products as it does by default. Of a
folder for an NPU the layers are simulated, in pieces that divide the window; the head is not.
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


def npu(folder):
    from npu_driver import Pipeline

    if (Path(folder) / "model.onnx").exists():
        return onnx(folder)
    return lambda tokens: Pipeline(folder, "npu", ("prompt",)).all_logits(tokens)


def openvino(folder, **rounding):
    from openvino_driver import compiled, infer

    request = compiled(folder, **rounding).create_infer_request()

    def logits(tokens):
        request.reset_state()
        return infer(request, tokens, 0)

    return logits


def openvino_int8(folder):
    return openvino(folder, DYNAMIC_QUANTIZATION_GROUP_SIZE="32")


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
    load = {"onnx": onnx, "npu": npu, "openvino": openvino, "openvino-int8": openvino_int8, "mlx": mlx}[engine]
    reference = []
    for folder in folders:
        model, first = load(folder), folder == folders[0]
        losses, divergence, same = [], 0.0, 0
        for w, tokens in enumerate(windows):
            ours = log_softmax(model(tokens)[:-1])
            losses.extend((-ours[np.arange(len(tokens) - 1), tokens[1:]]).tolist())
            if first and len(folders) > 1:
                reference.append(ours.astype(np.float32))
            exact = ours if first else reference[w]
            divergence += (np.exp(exact) * (exact - ours)).sum()
            same += int((exact.argmax(1) == ours.argmax(1)).sum())
        scored = {"losses": losses, "kl": float(divergence / len(losses)), "same": same / len(losses)}
        print(json.dumps(scored), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
