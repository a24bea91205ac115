#!/usr/bin/env python3
"""Logits of a tiny Phi-3-small, in float64 from its definition: no engine here computes one as its makers do.

  phi_3_small.py > logits-tiny-phi-3-small.json

Weights are those of make_tiny_family.py's formula. What is computed is modeling_phi3_small.py's function as vLLM, TensorRT-LLM, mlx-lm and ONNX
Runtime GenAI's builder write it down: queries, key and value of a group one after the other, gegelu of neighbouring features, attention's scores
divided by the head's size, in every layer but each second one only to the last 16 blocks of 64 positions and each eighth of those before, from
another one for every head. phiquant's IT holds the same function against ONNX Runtime's SparseAttention.
"""
import json

import numpy as np

from make_tiny_family import values

HIDDEN, WIDE, HEAD, HEADS, VOCABULARY = 512, 1024, 128, 4, 100352
BLOCK, LOCAL, STRIDE = 64, 16, 8


def linear(name, rows, columns):
    yield name + ".weight", (rows, columns)
    yield name + ".bias", (rows,)


def norm(name):
    yield name + ".weight", (HIDDEN,)
    yield name + ".bias", (HIDDEN,)


def shapes():
    yield "model.embed_tokens.weight", (VOCABULARY, HIDDEN)
    for i in range(2):
        layer = f"model.layers.{i}"
        yield from norm(layer + ".input_layernorm")
        yield from linear(layer + ".self_attn.query_key_value", (HEADS + 2) * HEAD, HIDDEN)
        yield from linear(layer + ".self_attn.dense", HIDDEN, HIDDEN)
        yield from norm(layer + ".post_attention_layernorm")
        yield from linear(layer + ".mlp.up_proj", 2 * WIDE, HIDDEN)
        yield from linear(layer + ".mlp.down_proj", HIDDEN, WIDE)
    yield from norm("model.final_layernorm")


W = {name: values(t, name, shape) for t, (name, shape) in enumerate(shapes())}
w = lambda name: W[name].astype(np.float64)


def normalized(x, name):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-5) * w(name + ".weight") + w(name + ".bias")


def product(x, name):
    return x @ w(name + ".weight").T + w(name + ".bias")


def visible(n, head, sparse):
    causal = np.tril(np.ones((n, n), bool))
    if not sparse:
        return causal
    block = np.arange(n) // BLOCK
    step = max(1, STRIDE // HEADS)
    near = block[:, None] - block[None] < LOCAL
    return causal & (near | ((block[None] + head * step + 1) % STRIDE == 0))


def rotated(x, n):
    angles = np.arange(n)[:, None] / 1000000.0 ** (np.arange(0, HEAD, 2) / HEAD)
    cos, sin = np.cos(np.tile(angles, 2)), np.sin(np.tile(angles, 2))
    return x * cos + np.concatenate([-x[:, HEAD // 2:], x[:, :HEAD // 2]], 1) * sin


def stream(ids):
    n = len(ids)
    x = W["model.embed_tokens.weight"][ids].astype(np.float64) * 10
    for i in range(2):
        layer = f"model.layers.{i}"
        qkv = product(normalized(x, layer + ".input_layernorm"), layer + ".self_attn.query_key_value").reshape(n, HEADS + 2, HEAD)
        key, value, heads = rotated(qkv[:, HEADS], n), qkv[:, HEADS + 1], []
        for head in range(HEADS):
            scores = np.where(visible(n, head, i % 2 == 0), rotated(qkv[:, head], n) @ key.T / HEAD, -np.inf)
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            heads.append(scores / scores.sum(-1, keepdims=True) @ value)
        x = x + product(np.concatenate(heads, 1), layer + ".self_attn.dense")
        up = product(normalized(x, layer + ".post_attention_layernorm"), layer + ".mlp.up_proj")
        gate, open_ = np.minimum(up[:, ::2], 20), np.clip(up[:, 1::2], -20, 20)
        x = x + product(gate / (1 + np.exp(-1.702 * gate)) * (open_ + 1), layer + ".mlp.down_proj")
    return normalized(x, "model.final_layernorm")


def prompt(n):
    # The last 24 tokens' logits.
    logits = stream([(7919 * i + 13) % 100256 for i in range(n)])[-24:] @ w("model.embed_tokens.weight").T / 8
    logits[:, [100256, 100258, 100259, 100260, 100264, 100265, *range(100267, VOCABULARY)]] = -np.inf  # Tokens that are never said.
    last = logits[-1]
    some = [*np.argsort(-last)[:5], *range(0, VOCABULARY, VOCABULARY // 16)]
    return {"length": n, "argmax": logits.argmax(1).tolist(), "last": [[int(i), round(float(last[i]), 5)] for i in some]}


how = {"tool": "numpy in float64", "command": "phi_3_small.py", "ids": "token i is (7919 i + 13) mod 100256"}
print(json.dumps({"how": how, "prompts": [prompt(n) for n in (24, 1100, 2000)]}))
