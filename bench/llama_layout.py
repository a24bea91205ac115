#!/usr/bin/env python3
"""The same weights in Llama's layout, for engines that read no Phi: fused matrices are split.

    llama_layout.py MODEL.gguf OUT.gguf     codes are copied as they are
    llama_layout.py CHECKPOINT_FOLDER OUT_FOLDER

In GGUF, rows of queries and keys are put in the order of Llama's interleaved rotation. Tokenizers of
GGUF files are left out.
"""
import json
import shutil
import struct
import sys
from pathlib import Path

ALIGNMENT = 32
# Weights and bytes of a block, by ggml's type.
BLOCKS = {0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 8: (32, 34), 12: (256, 144), 13: (256, 176), 14: (256, 210),
          30: (1, 2)}
SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


class Reader:
    def __init__(self, data: memoryview):
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def number(self, form: str):
        return struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]

    def text(self) -> str:
        return self.take(self.number("Q")).decode()

    def value(self, kind: int) -> bytes:
        """A metadata value as it is stored."""
        start = self.at
        if kind == 8:
            self.text()
        elif kind == 9:
            inner, count = self.number("I"), self.number("Q")
            for _ in range(count):
                self.value(inner)
        else:
            self.take(SIZES[kind])
        return bytes(self.data[start:self.at])


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def interleaved(rows: list[bytes], size: int) -> list[bytes]:
    """Dimensions i and i + size/2 of a head next to each other."""
    half = size // 2
    return [rows[head + i + part * half] for head in range(0, len(rows), size) for i in range(half) for part in (0, 1)]


def gguf(source: Path, target: Path) -> None:
    data = memoryview(source.read_bytes())
    reader = Reader(data)
    reader.take(8)
    tensors, pairs = reader.number("Q"), reader.number("Q")
    metadata = {}
    for _ in range(pairs):
        key, kind = reader.text(), reader.number("I")
        metadata[key] = (kind, reader.value(kind))
    infos = []
    for _ in range(tensors):
        name, dimensions = reader.text(), reader.number("I")
        infos.append((name, [reader.number("Q") for _ in range(dimensions)], reader.number("I"), reader.number("Q")))
    start = -(-reader.at // ALIGNMENT) * ALIGNMENT

    def setting(key: str) -> int:
        return struct.unpack("<I", metadata["phi3." + key][1])[0]

    heads, key_heads, hidden = (setting(k) for k in (
        "attention.head_count", "attention.head_count_kv", "embedding_length"))
    size = hidden // heads
    out = []
    for name, shape, kind, offset in infos:
        weights, width = BLOCKS[kind]
        row = shape[0] // weights * width
        count = shape[1] if len(shape) > 1 else 1
        rows = [bytes(data[start + offset + i * row:start + offset + (i + 1) * row]) for i in range(count)]
        if "attn_qkv" in name:
            q, k = heads * size, (heads + key_heads) * size
            parts = {"attn_q": interleaved(rows[:q], size), "attn_k": interleaved(rows[q:k], size), "attn_v": rows[k:]}
            out += [(name.replace("attn_qkv", part), [shape[0], len(r)], kind, r) for part, r in parts.items()]
        elif "ffn_up" in name:
            half = count // 2
            out += [(name.replace("ffn_up", part), [shape[0], half], kind, r)
                    for part, r in (("ffn_gate", rows[:half]), ("ffn_up", rows[half:]))]
        else:
            out.append((name, shape, kind, rows))
    kept = {key.replace("phi3.", "llama."): value for key, value in metadata.items() if not key.startswith("tokenizer.")}
    kept["general.architecture"] = (8, text("llama"))
    header = b"GGUF" + struct.pack("<IQQ", 3, len(out), len(kept))
    for key, (kind, value) in kept.items():
        header += text(key) + struct.pack("<I", kind) + value
    offset = 0
    for name, shape, kind, rows in out:
        header += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        offset += -(-sum(map(len, rows)) // ALIGNMENT) * ALIGNMENT
    with target.open("wb") as file:
        file.write(header + bytes(-len(header) % ALIGNMENT))
        for _, _, _, rows in out:
            body = b"".join(rows)
            file.write(body + bytes(-len(body) % ALIGNMENT))


def folder(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json", "generation_config.json"):
        if (source / name).exists():
            shutil.copy(source / name, target / name)
    (target / "README.md").touch()  # Jlama copies it when it quantizes.
    config = json.loads((source / "config.json").read_text())
    config.update(architectures=["LlamaForCausalLM"], model_type="llama")
    (target / "config.json").write_text(json.dumps(config, indent=2))
    size = config["hidden_size"] // config["num_attention_heads"]
    q, k = config["num_attention_heads"] * size, config["num_key_value_heads"] * size
    data = memoryview((source / "model.safetensors").read_bytes())
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(bytes(data[8:8 + length]))
    out = []
    for name, info in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + at for at in info["data_offsets"])
        shape, width = info["shape"], (end - begin) // info["shape"][0]
        cuts = [(name, shape[0])]
        if "qkv_proj" in name:
            cuts = [(name.replace("qkv_proj", part), rows) for part, rows in (("q_proj", q), ("k_proj", k), ("v_proj", k))]
        elif "gate_up_proj" in name:
            cuts = [(name.replace("gate_up_proj", part), shape[0] // 2) for part in ("gate_proj", "up_proj")]
        for part, rows in cuts:
            out.append((part, info["dtype"], [rows, *shape[1:]], data[begin:begin + rows * width]))
            begin += rows * width
    described, offset = {}, 0
    for name, dtype, shape, body in out:
        described[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(body)]}
        offset += len(body)
    encoded = json.dumps(described).encode()
    encoded += b" " * (-len(encoded) % 8)
    with (target / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for _, _, _, body in out:
            file.write(body)


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:]]
    (folder if paths[0].is_dir() else gguf)(*paths)
