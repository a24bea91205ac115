"""Compiles graphs for Qualcomm's HTP with the onnxruntime-qnn of this Python: one process for each
compilation, because what a process compiled before changes what it compiles next.

python compile.py versions     what there is, as JSON
python compile.py compile JOB  a JSON object: folder, out, graphs, chips, check, hidden

With several graphs they become one binary that holds their weights once. A line of JSON for each
graph that is done, and one for what the check found; what fails is said in the last line.
"""

import json
import os
import re
import sys
import time

NAME = "QNNExecutionProvider"


def versions():
    import onnxruntime
    import onnxruntime_qnn

    return {
        "onnxruntime": onnxruntime.__version__,
        "qnn": onnxruntime_qnn.__version__,
        "library": onnxruntime_qnn.get_library_path(),
        "htp": onnxruntime_qnn.get_qnn_htp_path(),
    }


def session(ort, path, devices, options, entries):
    given = ort.SessionOptions()
    given.log_severity_level = 3
    for key, value in entries.items():
        given.add_session_config_entry(key, value)
    if devices is None:
        return ort.InferenceSession(path, given, providers=["CPUExecutionProvider"])
    given.add_provider_for_devices(devices, options)
    return ort.InferenceSession(path, given)


def compiled(job):
    import onnxruntime as ort

    found = versions()
    ort.register_execution_provider_library(NAME, found["library"])
    devices = [device for device in ort.get_ep_devices() if device.ep_name == NAME][:1]
    if not devices:
        raise RuntimeError("onnxruntime-qnn finds no device to compile for")
    options = {
        "backend_path": found["htp"],
        "soc_model": job["chips"],
        "htp_arch": job["architecture"],
        "offload_graph_io_quantization": "0",  # Or codes become floats on the CPU, which is forbidden.
    }
    options = {key: value for key, value in options.items() if value}
    graphs, sessions = job["graphs"], {}
    for graph in graphs:
        entries = {
            "session.disable_cpu_ep_fallback": "1",
            "ep.context_enable": "1",
            "ep.context_embed_mode": "0",
            "ep.context_file_path": os.path.join(job["out"], graph + ".onnx"),
        }
        if len(graphs) > 1:
            entries["ep.share_ep_contexts"] = "1"
            if graph == graphs[-1]:
                entries["ep.stop_share_ep_contexts"] = "1"
        start = time.time()
        path = os.path.join(job["folder"], graph + ".onnx")
        sessions[graph] = session(ort, path, devices, options, entries)
        print(json.dumps({"graph": graph, "seconds": time.time() - start}), flush=True)
    return sessions


def cpu(job, graph):
    import onnxruntime as ort

    # With codes as they are, the CPU would round inputs of products to 8 bits; so it takes floats for them.
    entries = {"session.disable_quant_qdq": "1"}
    return session(ort, os.path.join(job["folder"], graph + ".onnx"), None, None, entries)


def run(session, values):
    names = [each.name for each in session.get_outputs()]
    given = {each.name: values[each.name] for each in session.get_inputs()}
    return dict(zip(names, session.run(None, given)))


def error(ours, theirs):
    import numpy as np

    ours, theirs = ours.astype(np.float32), theirs.astype(np.float32)
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def check_layers(job, sessions):
    """A prompt of a few tokens and one token behind it: the logits, beside the CPU's."""
    import numpy as np

    entry, cache, head = cpu(job, "embedding"), cpu(job, "cache"), cpu(job, "head")
    window = entry_size(sessions["prompt"])
    ids = job["tokens"]
    values = {each.name: np.zeros(each.shape, each.type[7:-1]) for each in sessions["token"].get_inputs()
              if each.name.startswith("past_key_values.")}
    context = next(iter(values.values())).shape[2]
    values["total_sequence_length"] = np.array([context], np.int32)
    worst = 0.0
    for graph, tokens, behind in (
        ("prompt", ids[:-1] + [job["padding"]] * (window - len(ids) + 1), window),
        ("token", ids[-1:], len(ids)),
    ):
        values["input_ids"] = np.array([tokens], np.int32)
        values["past_sequence_length"] = np.array([[behind - 1]], np.int32)
        values.update(run(entry, values))
        theirs = dict(values)
        theirs.update(run(cpu(job, graph), values))
        ours = dict(values)
        ours.update(run(sessions[graph], values))
        ours, theirs = {**ours, **run(cache, ours)}, {**theirs, **run(cache, theirs)}
        worst = max(worst, error(run(head, ours)["logits"], run(head, theirs)["logits"]))
        for name, value in ours.items():
            if name.startswith("present."):
                values[name.replace("present.", "past_key_values.")] = value
    np.save(job["hidden"], ours["last"])
    print(json.dumps({"checked": worst}), flush=True)


def entry_size(session):
    return next(each.shape[1] for each in session.get_inputs() if each.name == "embedded")


def check_head(job, sessions):
    import numpy as np

    values = {"last": np.load(job["hidden"])}
    ours, theirs = run(sessions["head"], values)["logits"], run(cpu(job, "head"), values)["logits"]
    same = bool(ours.reshape(-1).argmax() == theirs.reshape(-1).argmax())
    print(json.dumps({"checked": error(ours, theirs), "same": same}), flush=True)


def main(command, *arguments):
    if command == "versions":
        print(json.dumps(versions()), flush=True)
        return
    with open(arguments[0], encoding="utf-8") as file:
        job = json.load(file)
    sessions = compiled(job)
    if job["check"]:
        (check_head if "head" in sessions else check_layers)(job, sessions)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as failure:
        text = re.sub(r"\s+", " ", str(failure)).strip()
        print(json.dumps({"failed": type(failure).__name__, "why": text}), flush=True)
        sys.exit(1)
