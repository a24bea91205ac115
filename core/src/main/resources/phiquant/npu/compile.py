"""Compiles graphs for Qualcomm's HTP with the onnxruntime-qnn of this Python: one process for each
compilation, because what a process compiled before changes what it compiles next.

python compile.py versions     what there is, as JSON
python compile.py compile JOB  a JSON object: folder, out, graphs, chips, check, state

With several graphs they become one binary that holds their weights once. Of layers that are several
parts the state is what went from one to the next when they were checked. A line of JSON for each
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


def usable(found):
    """The same, if ONNX Runtime takes the library: one of another processor, or that wants another
    version of ONNX Runtime, it does not load."""
    import platform

    import onnxruntime as ort

    try:
        ort.register_execution_provider_library(NAME, found["library"])
    except Exception as failure:
        here = f"{platform.system()} {platform.machine()}, onnxruntime {ort.__version__}"
        raise RuntimeError(f"version {found['qnn']} does not load here, {here}: {failure}") from failure
    return found


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
    """A prompt of a few tokens and one token behind it, simulated and on the CPU, each with its own keys
    and values: how far apart what comes out is. Behind the last layers that is logits."""
    import numpy as np

    first = sessions[job["graphs"][0]]
    runs = dict(np.load(job["state"])) if os.path.exists(job["state"]) else begun(job, first)
    caches = {who: empty_cache(first) for who in ("npu", "cpu")}
    worst = 0.0
    for name, graph in zip(("prompt", "token"), job["graphs"]):
        found = {}
        for who, session in (("npu", sessions[graph]), ("cpu", cpu(job, graph))):
            values = {key.split("/", 2)[2]: value for key, value in runs.items() if key.startswith(f"{name}/{who}/")}
            made = run(session, {**values, **caches[who]})
            start, count = int(values["start"][0]), int(values["count"][0])
            for key, value in made.items():
                if key.startswith("fresh."):
                    past = caches[who]["past_key_values." + key[6:]]
                    past[:, :, start : start + count] = value[:, :, :count]
                else:
                    runs[f"{name}/{who}/{key}"] = value
                    found[who] = value[:, :count]
            if "stream" in made:  # The last layers gave it; what a token is chosen by is its last row.
                runs[f"last/{who}"] = made["stream"][:, count - 1 : count]
                found[who] = run(cpu(job, "head"), {"last": runs[f"last/{who}"]})["logits"]
        worst = max(worst, error(found["npu"], found["cpu"]))
    np.savez(job["state"], **runs)
    print(json.dumps({"checked": worst}), flush=True)


def begun(job, prompt):
    """What the CPU gives to both runs: the same to the simulator as to the CPU."""
    import numpy as np

    entry, ids = cpu(job, "embedding"), job["tokens"]
    window = next(each.shape[1] for each in prompt.get_inputs() if each.name == "embedded")
    runs = {}
    for name, tokens, end in (
        ("prompt", ids[:-1] + [job["padding"]] * (window - len(ids) + 1), window),
        ("token", ids[-1:], len(ids)),
    ):
        given = {
            "input_ids": np.array([tokens], np.int32),
            "past_sequence_length": np.array([[end - 1]], np.int32),
            "total_sequence_length": np.array([window], np.int32),
        }
        for key, value in run(entry, given).items():
            runs.update({f"{name}/{who}/{key}": value for who in ("npu", "cpu")})
    return runs


def empty_cache(session):
    import numpy as np

    return {each.name: np.zeros(each.shape, each.type[7:-1]) for each in session.get_inputs()
            if each.name.startswith("past_key_values.")}


def check_head(job, sessions):
    import numpy as np

    values = {"last": np.load(job["state"])["last/npu"]}
    ours, theirs = run(sessions["head"], values)["logits"], run(cpu(job, "head"), values)["logits"]
    same = bool(ours.reshape(-1).argmax() == theirs.reshape(-1).argmax())
    print(json.dumps({"checked": error(ours, theirs), "same": same}), flush=True)


def main(command, *arguments):
    if command == "versions":
        print(json.dumps(usable(versions())), flush=True)
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
