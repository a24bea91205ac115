#!/usr/bin/env python3
"""Prints what a peer's artifact holds, as the goldens in ../resources/reference have it: names, types, shapes and hashes, no weights.

  facts.py ARTIFACT HOW [TOOL] | gzip -9n > ../resources/reference/KIND-NAME.json.gz

ARTIFACT is a GGUF file, a folder that mlx_lm.convert wrote, or a checkpoint's folder. HOW is the command that made it, TOOL the program and its
version, which the golden repeats. Needs numpy and gguf. README.md beside this has the commands.
"""
import hashlib
import json
import struct
import sys
from pathlib import Path


def sha(data):
    return hashlib.sha256(data).hexdigest()


def gguf_facts(path):
    from gguf import GGUFReader, GGUFValueType
    reader = GGUFReader(path)

    def value(field):
        kind = field.types[0].name
        if kind != "ARRAY":
            return {"type": kind, "value": field.contents()}
        items = field.contents()
        items = items if isinstance(items, list) else [items]
        element = field.types[-1].name
        if len(items) <= 8:
            return {"type": f"ARRAY {element}", "value": items}
        text = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
        return {"type": f"ARRAY {element}", "len": len(items), "sha256": sha(text.encode())}

    start = reader.data_offset
    return {
        "file_size": path.stat().st_size, "gguf_version": int(reader.fields["GGUF.version"].parts[-1][0]), "alignment": reader.alignment,
        "data_start": start, "kv": {name: value(field) for name, field in reader.fields.items() if not name.startswith("GGUF.")},
        "tensors": [{"name": t.name, "type": t.tensor_type.name, "shape": [int(n) for n in t.shape], "offset": int(t.data_offset) - start,
                     "bytes": int(t.n_bytes), "sha256": sha(t.data.tobytes())} for t in reader.tensors]}


def safetensors(path):
    with open(path, "rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(length))
        for name, tensor in header.items():
            if name != "__metadata__":
                begin, end = tensor["data_offsets"]
                file.seek(8 + length + begin)
                yield name, {"dtype": tensor["dtype"], "shape": tensor["shape"], "sha256": sha(file.read(end - begin))}


def folder_facts(folder):
    files = sorted(file for file in folder.iterdir() if file.is_file())
    tensors = dict(sorted(pair for file in folder.glob("*.safetensors") for pair in safetensors(file)))
    config = json.loads((folder / "config.json").read_text())
    if "quantization" in config or (folder / "README.md").exists():
        return {"config": config, "files": [file.name for file in files], "tensors": tensors}
    return {"files": {file.name: {"size": file.stat().st_size, "sha256": sha(file.read_bytes())} for file in files}, "tensors": tensors}


if __name__ == "__main__":
    artifact, how = Path(sys.argv[1]), sys.argv[2]
    facts = gguf_facts(artifact) if artifact.is_file() else folder_facts(artifact)
    how = {"tool": sys.argv[3], "command": how} if len(sys.argv) > 3 else how
    print(json.dumps({"how": how} | facts, ensure_ascii=False))
