#!/usr/bin/env python3
"""Prints what transformers makes of small variants of a Phi-3's and a Llama's config.json: the facts that ConfigFactsTest compares.

  python3 -m venv v4 && v4/bin/pip install transformers==4.57.6 numpy
  python3 -m venv v5 && v5/bin/pip install transformers==5.24.0 numpy
  for v in 4 5; do v$v/bin/python config_facts.py | gzip -9n > ../resources/reference/config-facts-$v.json.gz; done

No torch is needed: the few tensor operations that longrope's initialization calls are numpy's here. A variant that a version does not load has
the error's kind as "refused".
"""
import json
import sys

import numpy as np
import transformers
from transformers import LlamaConfig, Phi3Config, modeling_rope_utils

transformers.logging.set_verbosity_error()


class Array(np.ndarray):
    def float(self):
        return self.astype(np.float32)

    def to(self, *_, **__):
        return self


class Torch:
    """What modeling_rope_utils takes from torch for longrope."""
    float32, int64, float = np.float32, np.int64, np.float32

    @staticmethod
    def tensor(values, dtype=None, device=None):
        return np.array(values, dtype).view(Array)

    @staticmethod
    def arange(*range_, dtype=None, device=None):
        return np.arange(*range_, dtype=dtype).view(Array)


modeling_rope_utils.torch = Torch

SHAPE = {"hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 1, "intermediate_size": 24, "vocab_size": 40}
PHI, LLAMA = {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"]}, {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}
FACTORS = {"short_factor": [1.0, 1.1, 1.2, 1.5], "long_factor": [2.0, 3.0, 5.0, 9.0]}
LONG = {"type": "longrope"} | FACTORS
LONG5 = {"rope_type": "longrope"} | FACTORS
TOP = {"max_position_embeddings": 2048, "original_max_position_embeddings": 256}
ORIGINAL = {"original_max_position_embeddings": 256}


def without(*keys):
    return PHI | {k: v for k, v in SHAPE.items() if k not in keys}


VARIANTS = {
    "plain": PHI | SHAPE,
    "nothing but the architecture": PHI,
    "num_key_value_heads absent": without("num_key_value_heads"),
    "num_key_value_heads null": PHI | SHAPE | {"num_key_value_heads": None},
    "vocab_size absent": without("vocab_size"),
    "hidden_size absent": without("hidden_size"),
    "intermediate_size absent": without("intermediate_size"),
    "num_hidden_layers absent": without("num_hidden_layers"),
    "head_dim stated": PHI | SHAPE | {"head_dim": 16},
    "rms_norm_eps stated": PHI | SHAPE | {"rms_norm_eps": 1e-6},
    "tied": PHI | SHAPE | {"tie_word_embeddings": True},
    "sliding_window stated": PHI | SHAPE | {"sliding_window": 2047},
    "sliding_window null": PHI | SHAPE | {"sliding_window": None},
    "max_position_embeddings stated": PHI | SHAPE | {"max_position_embeddings": 16384},
    "rope_theta stated": PHI | SHAPE | {"rope_theta": 250000.0},
    "rope_theta in rope_parameters": PHI | SHAPE | {"rope_parameters": {"rope_type": "default", "rope_theta": 250000.0}},
    "rope_theta in both": PHI | SHAPE | {"rope_theta": 7000.0, "rope_parameters": {"rope_type": "default", "rope_theta": 250000.0}},
    "rope_theta in rope_scaling": PHI | SHAPE | {"rope_theta": 7000.0, "rope_scaling": {"rope_type": "default", "rope_theta": 250000.0}},
    "rope_scaling null": PHI | SHAPE | {"rope_scaling": None},
    "rope_scaling empty": PHI | SHAPE | {"rope_scaling": {}},
    "rope_scaling empty beside rope_parameters": PHI | SHAPE | {"rope_scaling": {}, "rope_parameters": {"rope_type": "default", "rope_theta": 250000.0}},
    "rope_scaling default": PHI | SHAPE | {"rope_scaling": {"type": "default"}},
    "partial_rotary_factor stated": PHI | SHAPE | {"partial_rotary_factor": 0.5},
    "partial_rotary_factor in rope_parameters": PHI | SHAPE | {"rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}},
    "partial_rotary_factor in both": PHI | SHAPE | {"partial_rotary_factor": 1.0, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5}},
    "original context outside": PHI | SHAPE | TOP | {"rope_scaling": LONG},
    "original context inside rope_scaling": PHI | SHAPE | {"max_position_embeddings": 2048, "rope_scaling": LONG | ORIGINAL},
    "original context inside rope_scaling, rope_type": PHI | SHAPE | {"max_position_embeddings": 2048, "rope_scaling": LONG5 | ORIGINAL},
    "original context inside rope_parameters": PHI | SHAPE | {"max_position_embeddings": 2048, "rope_parameters": LONG5 | ORIGINAL | {"rope_theta": 1e4}},
    "original context in both, as transformers 5 writes": PHI | SHAPE | TOP | {"rope_parameters": LONG5 | ORIGINAL | {"rope_theta": 9e4, "partial_rotary_factor": 1.0}},
    "original context in both, different": PHI | SHAPE | TOP | {"rope_parameters": LONG5 | {"original_max_position_embeddings": 512, "rope_theta": 1e4}},
    "original context absent, below the default": PHI | SHAPE | {"max_position_embeddings": 2048, "rope_scaling": LONG},
    "original context absent, above the default": PHI | SHAPE | {"max_position_embeddings": 131072, "rope_scaling": LONG},
    "original context absent, no longrope": PHI | SHAPE | {"max_position_embeddings": 16384},
    "original context absent, rope_parameters": PHI | SHAPE | {"max_position_embeddings": 131072, "rope_parameters": LONG5},
    "original context equal": PHI | SHAPE | {"max_position_embeddings": 256, "original_max_position_embeddings": 256, "rope_scaling": LONG},
    "su": PHI | SHAPE | TOP | {"rope_scaling": LONG | {"type": "su"}},
    "yarn": PHI | SHAPE | TOP | {"rope_scaling": LONG | {"type": "yarn"}},
    "linear": PHI | SHAPE | {"rope_scaling": {"type": "linear", "factor": 2.0}},
    "llama3": PHI | SHAPE | TOP | {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 256}},
    "factor": PHI | SHAPE | TOP | {"rope_parameters": LONG5 | {"factor": 4.0}},
    "attention_factor": PHI | SHAPE | TOP | {"rope_parameters": LONG5 | {"attention_factor": 1.5}},
    "factor and attention_factor": PHI | SHAPE | TOP | {"rope_parameters": LONG5 | {"factor": 4.0, "attention_factor": 1.5}},
    "rope_scaling beside rope_parameters": PHI | SHAPE | TOP | {"rope_theta": 7000.0, "rope_scaling": LONG, "rope_parameters": {"rope_type": "default", "rope_theta": 250000.0}},
    "longrope, partial": PHI | SHAPE | TOP | {"head_dim": 16, "hidden_size": 64, "partial_rotary_factor": 0.5, "rope_scaling": LONG},
    "longrope, too few factors": PHI | SHAPE | TOP | {"rope_scaling": LONG | {"short_factor": [1.0]}},
    "a Llama": LLAMA | SHAPE,
    "a Llama, nothing but the architecture": LLAMA,
    "a Llama, as a Phi-4 is": LLAMA | SHAPE | {"rope_theta": 250000, "max_position_embeddings": 16384, "rms_norm_eps": 1e-5, "head_dim": 8, "mlp_bias": False, "attention_bias": False, "pretraining_tp": 1, "hidden_act": "silu", "rope_scaling": None},
    "a Llama by transformers 5": LLAMA | SHAPE | {"max_position_embeddings": 16384, "head_dim": 8, "rope_parameters": {"rope_type": "default", "rope_theta": 250000.0}},
    "a Llama with head_dim": LLAMA | SHAPE | {"head_dim": 16},
    "a Llama, tied": LLAMA | SHAPE | {"tie_word_embeddings": True},
}


def facts(stated):
    kind = LlamaConfig if stated["model_type"] == "llama" else Phi3Config
    config = kind.from_dict(json.loads(json.dumps(stated)))
    rope = getattr(config, "rope_parameters", None) or {}
    scaling = rope or getattr(config, "rope_scaling", None) or {}
    four = transformers.__version__.startswith("4.")
    if four:
        scaling = config.rope_scaling or {}
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    partial = getattr(config, "partial_rotary_factor", 1.0) if four else rope.get("partial_rotary_factor", 1.0)
    out = {
        "vocabulary": config.vocab_size, "hidden": config.hidden_size, "feedForward": config.intermediate_size, "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads, "kvHeads": config.num_key_value_heads, "headSize": head, "rotarySize": int(head * partial),
        "rmsEpsilon": config.rms_norm_eps, "ropeTheta": config.rope_theta if four else rope["rope_theta"],
        "contextLength": config.max_position_embeddings, "slidingWindow": getattr(config, "sliding_window", None), "tiedHead": config.tie_word_embeddings,
    }
    if kind is Phi3Config:
        out["originalContextLength"] = config.original_max_position_embeddings
    if scaling.get("rope_type", scaling.get("type", "default")) == "longrope":
        original = config.original_max_position_embeddings if four else config.rope_parameters["original_max_position_embeddings"]
        compute = modeling_rope_utils._compute_longrope_parameters
        at, attention = compute(config, None, seq_len=original)
        beyond, _ = compute(config, None, seq_len=original + 1)
        out |= {"originalContextLength": original, "attentionFactor": attention, "frequencies": at.tolist(), "frequenciesBeyond": beyond.tolist()}
    return out


def tried(stated):
    try:
        return facts(stated)
    except Exception as e:  # Whatever the version says no with.
        return {"refused": type(e).__name__}


json.dump({
    "command": "config_facts.py", "transformers": transformers.__version__, "numpy": np.__version__,
    "known": sorted(set(Phi3Config().to_dict()) | set(LlamaConfig().to_dict())),
    "variants": {name: {"config": stated, "facts": tried(stated)} for name, stated in VARIANTS.items()},
}, sys.stdout, indent=1)
