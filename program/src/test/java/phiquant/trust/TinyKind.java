package phiquant.trust;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The members of the family that a {@link TinyModel} can be: what each says in its config.json
 * beside what all say, and which tensors it has. Names and keys are those of the released models.
 */
enum TinyKind {
  PHI_3("Phi3ForCausalLM", "phi3") {
    @Override
    void describe(ObjectNode config, int hidden) {
      config.put("hidden_act", "silu").put("intermediate_size", 2 * hidden);
      config.put("rms_norm_eps", 1e-5).put("rope_theta", 10000.0).putNull("sliding_window");
      config.put("original_max_position_embeddings", 128);
      longRope(config, hidden);
    }

    @Override
    void layer(Shapes to, String at, int hidden) {
      to.matrix(at + "input_layernorm", hidden);
      to.matrix(at + "self_attn.qkv_proj", 2 * hidden, hidden);
      to.matrix(at + "self_attn.o_proj", hidden, hidden);
      to.matrix(at + "post_attention_layernorm", hidden);
      to.matrix(at + "mlp.gate_up_proj", 4 * hidden, hidden);
      to.matrix(at + "mlp.down_proj", hidden, 2 * hidden);
    }

    @Override
    void end(Shapes to, int tokens, int hidden, boolean tied) {
      to.matrix("model.norm", hidden);
      if (!tied) {
        to.matrix("lm_head", tokens, hidden);
      }
    }
  },

  PHI_2("PhiForCausalLM", "phi") {
    @Override
    void describe(ObjectNode config, int hidden) {
      config.put("hidden_act", "gelu_new").put("intermediate_size", 4 * hidden);
      config.put("layer_norm_eps", 1e-5).put("rope_theta", 10000.0).putNull("rope_scaling");
      config.put("partial_rotary_factor", 0.5).put("qk_layernorm", false);
      config.put("num_key_value_heads", TinyModel.HEADS);
    }

    @Override
    void layer(Shapes to, String at, int hidden) {
      to.module(at + "input_layernorm", hidden);
      for (String part : List.of("q_proj", "k_proj", "v_proj", "dense")) {
        to.module(at + "self_attn." + part, hidden, hidden);
      }
      to.module(at + "mlp.fc1", 4 * hidden, hidden);
      to.module(at + "mlp.fc2", hidden, 4 * hidden);
    }

    @Override
    void end(Shapes to, int tokens, int hidden, boolean tied) {
      to.module("model.final_layernorm", hidden);
      to.module("lm_head", tokens, hidden);
    }
  },

  PHI_MOE("PhiMoEForCausalLM", "phimoe") {
    @Override
    void describe(ObjectNode config, int hidden) {
      config.put("hidden_act", "silu").put("intermediate_size", hidden);
      config.put("rms_norm_eps", 1e-5).put("rope_theta", 10000.0).putNull("sliding_window");
      config.put("attention_bias", true).put("lm_head_bias", true);
      config.put("num_local_experts", EXPERTS).put("num_experts_per_tok", 2);
      config.put("router_jitter_noise", 0.01).put("original_max_position_embeddings", 128);
      ObjectNode rope = longRope(config, hidden).put("original_max_position_embeddings", 128);
      rope.put("short_mscale", 1.25).put("long_mscale", 1.25);
    }

    @Override
    void layer(Shapes to, String at, int hidden) {
      to.module(at + "input_layernorm", hidden);
      to.module(at + "self_attn.q_proj", hidden, hidden);
      to.module(at + "self_attn.k_proj", hidden / 2, hidden);
      to.module(at + "self_attn.v_proj", hidden / 2, hidden);
      to.module(at + "self_attn.o_proj", hidden, hidden);
      to.module(at + "post_attention_layernorm", hidden);
      to.matrix(at + "block_sparse_moe.gate", EXPERTS, hidden);
      for (int e = 0; e < EXPERTS; e++) {
        for (String part : List.of("w1", "w2", "w3")) {
          to.matrix(at + "block_sparse_moe.experts." + e + "." + part, hidden, hidden);
        }
      }
    }

    @Override
    void end(Shapes to, int tokens, int hidden, boolean tied) {
      to.module("model.norm", hidden);
      to.module("lm_head", tokens, hidden);
    }
  },

  PHI_3_SMALL("Phi3SmallForCausalLM", "phi3small") {
    @Override
    void describe(ObjectNode config, int hidden) {
      config.put("hidden_act", "gegelu").put("ff_intermediate_size", 2 * hidden);
      config.put("layer_norm_epsilon", 1e-5).put("rope_embedding_base", 1e6);
      config.put("gegelu_limit", 20.0).put("rope_position_scale", 1.0);
      config.put("mup_attn_multiplier", 1.0).put("mup_embedding_multiplier", 10.0);
      config.put("mup_width_multiplier", 8.0).put("mup_use_scaling", true);
      config.put("blocksparse_block_size", 16).put("blocksparse_num_local_blocks", 2);
      config.put("blocksparse_vert_stride", 2).put("blocksparse_homo_head_pattern", false);
      config.put("dense_attention_every_n_layers", 2);
    }

    @Override
    void layer(Shapes to, String at, int hidden) {
      to.module(at + "input_layernorm", hidden);
      to.module(at + "self_attn.query_key_value", 2 * hidden, hidden);
      to.module(at + "self_attn.dense", hidden, hidden);
      to.module(at + "post_attention_layernorm", hidden);
      to.module(at + "mlp.up_proj", 4 * hidden, hidden);
      to.module(at + "mlp.down_proj", hidden, 2 * hidden);
    }

    @Override
    void end(Shapes to, int tokens, int hidden, boolean tied) {
      to.module("model.final_layernorm", hidden);
    }
  };

  private static final int EXPERTS = 4;

  final String architecture;
  final String type;

  TinyKind(String architecture, String type) {
    this.architecture = architecture;
    this.type = type;
  }

  /** Adds what only this one's config.json says. */
  abstract void describe(ObjectNode config, int hidden);

  /** Adds a layer's tensors. */
  abstract void layer(Shapes to, String at, int hidden);

  /** Adds those after the layers; only Phi-3s come with a head of their own and without. */
  abstract void end(Shapes to, int tokens, int hidden, boolean tied);

  /** Whether an engine takes it, of those that a target names first. */
  boolean isWrittenFor(String target) {
    return this != PHI_3_SMALL || !target.matches("(gguf|openvino):.*|onnx:fp16.*");
  }

  /** All tensors in file order. */
  Map<String, int[]> shapes(int layers, int tokens, int hidden, boolean tied) {
    Shapes shapes = new Shapes(new LinkedHashMap<>());
    shapes.matrix("model.embed_tokens", tokens, hidden);
    for (int i = 0; i < layers; i++) {
      layer(shapes, "model.layers." + i + ".", hidden);
    }
    end(shapes, tokens, hidden, tied);
    return shapes.all();
  }

  private static ObjectNode longRope(ObjectNode config, int hidden) {
    ObjectNode rope = config.putObject("rope_scaling").put("type", "longrope");
    ArrayNode small = rope.putArray("short_factor");
    ArrayNode large = rope.putArray("long_factor");
    for (int i = 0; i < hidden / TinyModel.HEADS / 2; i++) {
      small.add(1 + i / 64.0);
      large.add(1 + i / 4.0);
    }
    return rope;
  }

  /** Shapes by name. */
  record Shapes(Map<String, int[]> all) {
    void vector(String name, int... shape) {
      all.put(name, shape);
    }

    /** A module's weight. */
    void matrix(String module, int... shape) {
      all.put(module + ".weight", shape);
    }

    /** Its bias too. */
    void module(String module, int... shape) {
      matrix(module, shape);
      vector(module + ".bias", shape[0]);
    }
  }
}
