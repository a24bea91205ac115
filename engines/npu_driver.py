"""Runs the graphs that phiquant writes for Qualcomm's NPU, for its tests: those for the NPU in the
simulator of onnxruntime-qnn, which no processor without one falls back from, or all on the CPU.

python npu_driver.py steps FOLDER DEVICE PROMPT NEXT...  logits after a prompt (a JSON list of ids), and
                                                         after each id that follows; DEVICE: npu or cpu
python npu_driver.py greedy FOLDER DEVICE PROMPT COUNT   ids that follow, chosen greedily
python npu_driver.py genai FOLDER DEVICE PROMPT COUNT    the same by ONNX Runtime GenAI
python npu_driver.py norm VALUE                          how far off a norm on the NPU is, of its largest,
                                                         where one feature of 3072 has that value
"""

import json
import multiprocessing
import os
import sys
import tempfile

import numpy as np
import onnxruntime as ort

TYPES = {"tensor(float16)": np.float16, "tensor(uint8)": np.uint8, "tensor(int16)": np.int16}
CHIP = {"soc_model": "60", "htp_arch": "73"}  # Snapdragon X Elite


def session(path, device):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if device == "cpu":
        options.add_session_config_entry("session.disable_quant_qdq", "1")  # Or inputs are rounded to 8 bits.
        return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    import onnxruntime_qnn as qnn

    name = "QNNExecutionProvider"
    ort.register_execution_provider_library(name, qnn.get_library_path())
    devices = [each for each in ort.get_ep_devices() if each.ep_name == name]
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    htp = {"backend_path": qnn.get_qnn_htp_path(), "offload_graph_io_quantization": "0", **CHIP}
    options.add_provider_for_devices(devices[:1], htp)
    return ort.InferenceSession(path, options)


def serve(path, device, pipe):
    try:
        run = session(path, device)
        wanted = {each.name: each.type for each in run.get_inputs()}
        names = [each.name for each in run.get_outputs()]
        pipe.send(wanted)
        while True:
            given = pipe.recv()
            pipe.send(dict(zip(names, run.run(None, given))))
    except (EOFError, ConnectionError):
        pass  # Nobody asks any more.
    except Exception as error:
        pipe.send(error)


class Stage:
    """A graph. One for the NPU has a process of its own: sessions of one process depend on each other."""

    def __init__(self, folder, name, device):
        path = os.path.join(folder, name + ".onnx")
        self.pipe, other = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(path, device, other), daemon=True
        )
        process.start()
        self.wanted = None

    def __call__(self, values):
        self.pipe.send({name: values[name] for name in self.inputs()})
        values.update(self.answer())

    def inputs(self):
        """Types by name."""
        if self.wanted is None:
            self.wanted = self.answer()
        return self.wanted

    def answer(self):
        answer = self.pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


class Pipeline:
    """What GenAI does with the folder."""

    def __init__(self, folder, device, simulated=("prompt", "token", "head")):
        """Those to simulate may be several graphs each: prompt, or prompt-1, prompt-2 and so on."""
        with open(os.path.join(folder, "genai_config.json"), encoding="utf-8") as file:
            model = json.load(file)["model"]
        decoder = model["decoder"]
        self.padding = model["pad_token_id"]
        self.window = decoder["sliding_window"]["window_size"]
        stages = decoder["pipeline"][0]
        self.stages = {
            name: Stage(folder, stage["filename"][:-5], device if name.split("-")[0] in simulated else "cpu")
            for name, stage in stages.items()
        }
        shape = [1, decoder["num_key_value_heads"], model["context_length"], decoder["head_size"]]
        self.values = {}
        types = self.stages["cache"].inputs()
        for layer in range(decoder["num_hidden_layers"]):
            for what in ("key", "value"):
                name = f"past_key_values.{layer}.{what}"
                self.values[name] = np.zeros(shape, TYPES[types[name]])
        self.total = np.array([model["context_length"]], np.int32)
        self.length = 0

    def run(self, stage, ids, behind):
        values = self.values
        values["input_ids"] = np.array([ids], np.int32)
        values["past_sequence_length"] = np.array([[behind - 1]], np.int32)
        values["total_sequence_length"] = self.total
        for name, graph in self.stages.items():  # In the order of the configuration.
            if name.split("-")[0] in ("embedding", stage, "cache"):
                graph(values)
        for name in [name for name in values if name.startswith("present.")]:
            values[name.replace("present.", "past_key_values.")] = values.pop(name)

    def prompt(self, ids):
        padded = list(ids) + [self.padding] * (-len(ids) % self.window)
        for start in range(0, len(padded), self.window):
            self.run("prompt", padded[start : start + self.window], self.length + start + self.window)
        self.length += len(ids)
        return self.logits()

    def all_logits(self, ids):
        """After every token of a prompt that fills pieces."""
        rows = []
        for start in range(0, len(ids), self.window):
            self.run("prompt", ids[start : start + self.window], start + self.window)
            streams = self.values["stream"]
            for t in range(self.window):
                self.values["last"] = streams[:, t : t + 1]
                rows.append(self.logits())
        return np.stack(rows)

    def token(self, token):
        self.length += 1
        self.run("token", [token], self.length)
        return self.logits()

    def logits(self):
        self.stages["head"](self.values)
        return self.values["logits"].reshape(-1).astype(np.float32)


def steps(folder, device, prompt, *following):
    run = Pipeline(folder, device)
    print(json.dumps(run.prompt(json.loads(prompt)).tolist()))
    for token in following:
        print(json.dumps(run.token(int(token)).tolist()))


def greedy(folder, device, prompt, count):
    run = Pipeline(folder, device)
    logits, answer = run.prompt(json.loads(prompt)), []
    for _ in range(int(count)):
        answer.append(int(logits.argmax()))
        if len(answer) < int(count):
            logits = run.token(answer[-1])
    print(json.dumps(answer))


def with_provider(folder, copy):
    """The same folder, whose graphs for the NPU are compiled and simulated as they are loaded."""
    for name in os.listdir(folder):
        os.symlink(os.path.join(folder, name), os.path.join(copy, name))
    path = os.path.join(copy, "genai_config.json")
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    os.remove(path)
    for name, stage in config["model"]["decoder"]["pipeline"][0].items():
        if name in ("embedding", "cache"):
            continue
        stage["session_options"] = {
            "session.disable_cpu_ep_fallback": "1",
            "provider_options": [{"qnn": {"backend_type": "htp", "offload_graph_io_quantization": "0", **CHIP}}],
        }
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)


def genai(folder, device, prompt, count):
    import onnxruntime_genai as og

    with tempfile.TemporaryDirectory() as copy:
        if device == "npu":
            import onnxruntime_qnn as qnn

            og.register_execution_provider_library(qnn.get_ep_name(), qnn.get_library_path())
            with_provider(os.path.abspath(folder), copy)
            folder = copy
        generate(og, og.Model(folder), prompt, count)


def generate(og, model, prompt, count):
    params = og.GeneratorParams(model)
    params.set_search_options(do_sample=False)
    run = og.Generator(model, params)
    run.append_tokens(np.array([json.loads(prompt)], np.int32))
    answer = []
    for _ in range(int(count)):
        run.generate_next_token()  # Tokens that are appended would be filled up like a prompt.
        answer.append(int(run.get_next_tokens()[0]))
    print(json.dumps(answer))


def norm(value):
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(7)
    x = random.standard_normal((1, 16, 3072)).astype(np.float16)
    x[:, :, 5] = float(value)
    weight = (1 + 0.1 * random.standard_normal(3072)).astype(np.float16)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT16, x.shape) for name in ("x", "y")]
    node = helper.make_node("RMSNormalization", ["x", "w"], ["y"], epsilon=1e-5, axis=-1)
    graph = helper.make_graph([node], "norm", ends[:1], ends[1:], [numpy_helper.from_array(weight, "w")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)], ir_version=11)
    y = session(model.SerializeToString(), "npu").run(None, {"x": x})[0].astype(np.float64)
    exact = x.astype(np.float64)
    exact *= weight / np.sqrt((exact**2).mean(-1, keepdims=True) + 1e-5)
    # A row's small features count as its large one does: each is measured by its own size.
    small = np.delete(np.abs(y - exact), 5, 2).max() / np.delete(np.abs(exact), 5, 2).max()
    print(json.dumps([float(small), float((np.abs(y - exact) / np.abs(exact))[:, :, 5].max())]))


if __name__ == "__main__":
    commands = (steps, greedy, genai, norm)
    {command.__name__: command for command in commands}[sys.argv[1]](*sys.argv[2:])
