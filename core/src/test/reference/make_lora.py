#!/usr/bin/env python3
"""Merges LoRA adapters into tiny models with PEFT, and prints what comes out: the golden `lora.json.gz`.

  make_lora.py | gzip -9n > ../resources/reference/lora.json.gz
  make_lora.py experts | gzip -9n > ../resources/reference/lora-experts.json.gz

Needs numpy, torch (CPU), transformers and peft 0.21.2. transformers 4.57.3 for the second: newer ones keep all experts in one parameter, which a
checkpoint has apart, and PEFT's layer for a router there fails when it computes. Models and adapters are made here, the adapters are saved by PEFT and loaded again, and
`merge_and_unload()` does the rest. Their numbers follow from their place, so that the golden has names, types, shapes and hashes only:
r = mix(e + (t + 1) · 0x9E3779B97F4A7C15) >> 32 for element e of tensor t, where mix is SplitMix64's finalizer. A model's weights are those of
make_tiny_phi.py, n / 1024 with n = r mod 255 - 127, of a norm 1 + (r mod 65 - 32) / 128. An adapter's fill the whole significand: r as a signed
number of 32 bits, rounded to a float, by 2^34, then rounded to the adapter's type; its tensors are numbered from 1000 on (the second one's from
2000 on), in the order of their names.
"""
import contextlib
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import peft
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.layer import LoraLayer

SIZES = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 384,
         "max_position_embeddings": 256, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0, "tie_word_embeddings": False}
PHI3 = SIZES | {"model_type": "phi3", "architectures": ["Phi3ForCausalLM"], "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                "original_max_position_embeddings": 256, "rope_scaling": None, "sliding_window": None, "attention_bias": False}
LLAMA = SIZES | {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                 "attention_bias": False, "mlp_bias": False, "head_dim": 16}
PHI2 = SIZES | {"model_type": "phi", "architectures": ["PhiForCausalLM"], "hidden_act": "gelu_new", "layer_norm_eps": 1e-5, "rope_theta": 10000.0,
                "num_key_value_heads": 4, "partial_rotary_factor": 0.5, "qk_layernorm": False}
PHIMOE = SIZES | {"model_type": "phimoe", "architectures": ["PhiMoEForCausalLM"], "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
                  "rope_scaling": None, "sliding_window": None, "attention_bias": True, "lm_head_bias": True, "num_local_experts": 4,
                  "num_experts_per_tok": 2, "router_jitter_noise": 0.01, "input_jitter_noise": 0.01}
LINEAR = ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]
APART = ["q_proj", "k_proj", "v_proj", "gate_proj", "up_proj"]

# A model, its type, and its adapters: what LoraConfig is told, what type the adapter is saved as, how much it is multiplied by.
CASES = {
    "fused": (PHI3, "bfloat16", [(dict(r=4, lora_alpha=8, target_modules=LINEAR), "float32", 1)]),
    "patterns": (PHI3, "float32", [(dict(
        r=4, lora_alpha=8, target_modules=LINEAR, rank_pattern={"layers.1.self_attn.qkv_proj": 6, "^model.layers.0.mlp.*": 3},
        alpha_pattern={"down_proj": 5, ".*o_proj": 7}), "float32", 1)]),
    "rank-stabilized": (PHI3, "float16", [(dict(r=5, lora_alpha=12, use_rslora=True, fan_in_fan_out=True, target_modules=LINEAR), "bfloat16", 1)]),
    "embeddings": (PHI3, "bfloat16", [(dict(r=3, lora_alpha=7, target_modules=["embed_tokens", "lm_head", "o_proj"]), "float32", 1)]),
    "saved": (PHI3, "bfloat16", [(dict(r=4, lora_alpha=8, target_modules=["o_proj"], modules_to_save=["lm_head", "embed_tokens"]), "float32", 1)]),
    "several": (PHI3, "bfloat16", [(dict(r=4, lora_alpha=8, target_modules=LINEAR), "float32", 0.75),
                               (dict(r=2, lora_alpha=5, use_rslora=True, target_modules=["qkv_proj", "embed_tokens"]), "float16", -0.3),
                               (dict(r=3, lora_alpha=5, target_modules=["embed_tokens"]), "bfloat16", 1)]),
    "llama": (LLAMA, "bfloat16", [(dict(r=4, lora_alpha=9, target_modules=APART + ["o_proj", "down_proj"]), "float32", 1)]),
    "phi-2": (PHI2, "float16", [(dict(r=4, lora_alpha=9, bias="lora_only", target_modules=["q_proj", "k_proj", "v_proj", "dense", "fc1", "fc2"]),
                                 "float32", 1)]),
    "tied": (PHI3 | {"tie_word_embeddings": True}, "float32", [(dict(r=3, lora_alpha=7, target_modules=["embed_tokens", "o_proj"]), "float32", 1)]),
    "tied-head": (PHI3 | {"tie_word_embeddings": True}, "float32", [(dict(r=3, lora_alpha=7, target_modules=["lm_head"]), "float32", 1)]),
}

# Attention, then what only a mixture has.
EXPERTS = {
    "mixture": (PHIMOE, "bfloat16", [
        (dict(r=4, lora_alpha=9, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"]), "float32", 1),
        (dict(r=3, lora_alpha=8, target_modules=["gate", "w1", "w2", "w3"], rank_pattern={"w2": 5}, alpha_pattern={"block_sparse_moe.gate": 2}),
         "bfloat16", 0.75)]),
}


def noise(number, count):
    with np.errstate(over="ignore"):
        x = np.arange(count, dtype=np.uint64) + np.uint64((number + 1) * 0x9E3779B97F4A7C15 % 2**64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))) >> np.uint64(32)


def weights(number, name, shape):
    r = noise(number, int(np.prod(shape)))
    if len(shape) == 1 and name.endswith(".weight"):
        w = 1 + ((r % np.uint64(65)).astype(np.float32) - 32) / 128
    else:
        w = ((r % np.uint64(255)).astype(np.float32) - 127) / 1024
    return torch.from_numpy(w.astype(np.float32).reshape(shape))


def factors(number, shape, dtype):
    r = noise(number, int(np.prod(shape))).astype(np.uint32).view(np.int32)
    return torch.from_numpy((r.astype(np.float32) * np.float32(2.0**-34)).reshape(shape)).to(getattr(torch, dtype))


def facts(tensors):
    """In the order given: type as in a safetensors header, shape, hash."""
    short = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}
    return [{"name": name, "dtype": short[str(t.dtype).split(".")[1]], "shape": list(t.shape),
             "sha256": hashlib.sha256(t.contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()} for name, t in tensors.items()]


def parameters(model):
    """Every tensor once: a tied head is the embedding."""
    return {name: tensor.detach() for name, tensor in model.named_parameters()}


def model(config, dtype):
    made = transformers.AutoModelForCausalLM.from_config(transformers.AutoConfig.for_model(**config), torch_dtype=getattr(torch, dtype)).eval()
    with torch.no_grad():
        for number, (name, parameter) in enumerate(parameters(made).items()):
            parameter.copy_(weights(number, name, parameter.shape))
    return made


def adapter(folder, base, arguments, dtype, first):
    """Saves one, with other numbers than it would begin with, and says what is in it."""
    get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **arguments)).save_pretrained(folder)
    file = folder / "adapter_model.safetensors"
    shapes = {name: tensor.shape for name, tensor in sorted(load_file(file).items())}
    tensors = {name: factors(first + number, shape, dtype) for number, (name, shape) in enumerate(shapes.items())}
    save_file(tensors, file, metadata={"format": "pt"})
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"].sort()  # A set: Python gives it another order every time.
    with safe_open(file, "pt") as stored:
        return {"config": config, "tensors": facts({name: stored.get_tensor(name) for name in shapes})}


def loaded(base, folders, scales):
    """A model with adapters, all active."""
    model = PeftModel.from_pretrained(base, folders[0], adapter_name="0")
    for number, folder in enumerate(folders[1:], 1):
        model.load_adapter(folder, adapter_name=str(number))
    for number, scale in enumerate(scales):
        for module in model.modules():
            if isinstance(module, LoraLayer):
                module.set_scale(str(number), scale)
    model.base_model.set_adapter([str(number) for number in range(len(folders))])
    return model


def untied(config, dtype, folders, scales):
    """PEFT would merge into both of what is tied, where the training changed one of them and used the other as it was: a head of its own."""
    tied = loaded(model(config, dtype), folders, scales)
    model_of_two = loaded(model(config | {"tie_word_embeddings": False}, dtype), folders, scales)
    plain = lambda module: getattr(module, "base_layer", module).weight.data
    for end in (model_of_two.get_input_embeddings(), model_of_two.get_output_embeddings()):
        plain(end).copy_(plain(tied.get_input_embeddings()))
    return model_of_two


@torch.no_grad()
def logits(model):
    return model(torch.arange(0, 384, 7).reshape(1, -1)).logits.float()


def case(name, config, dtype, adapters, scratch):
    folders = [scratch / f"{name}-{number}" for number in range(len(adapters))]
    scales = [scale for _, _, scale in adapters]
    result = {"name": name, "config": config | {"torch_dtype": dtype}, "base": facts(parameters(model(config, dtype))), "adapters": []}
    for number, (arguments, kind, scale) in enumerate(adapters):
        made = adapter(folders[number], model(config, dtype), arguments, kind, 1000 * (number + 1))
        result["adapters"].append(made | {"scale": scale})
    whole = untied(config, dtype, folders, scales) if config["tie_word_embeddings"] else loaded(model(config, dtype), folders, scales)
    merged = whole.merge_and_unload()
    if dtype == "float32":
        trained = logits(loaded(model(config, dtype), folders, scales))
        assert torch.allclose(logits(merged), trained, atol=1e-4), name
    result["merged"] = facts(parameters(merged))
    return result


def main():
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch, contextlib.redirect_stdout(sys.stderr):
        cases = [case(name, *rest, Path(scratch)) for name, rest in (EXPERTS if sys.argv[1:] == ["experts"] else CASES).items()]
    how = f"{' '.join(['make_lora.py', *sys.argv[1:]])} with peft {peft.__version__}, transformers {transformers.__version__}, torch {torch.__version__}"
    json.dump({"how": how, "cases": cases}, sys.stdout, indent=1)


if __name__ == "__main__":
    sys.exit(main())
