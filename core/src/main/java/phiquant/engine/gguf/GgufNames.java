package phiquant.engine.gguf;

import phiquant.model.Role;

/**
 * llama.cpp's names of weights, for reading and writing alike. Source: {@code tensor_mapping.py} in
 * gguf-py.
 */
public final class GgufNames {
  /** Longrope's factors beyond the original context. */
  public static final String LONG_FACTORS = "rope_factors_long.weight";

  /** Longrope's factors up to the original context. */
  public static final String SHORT_FACTORS = "rope_factors_short.weight";

  /** Llama 3.1's factors. */
  public static final String FREQUENCIES = "rope_freqs.weight";

  private GgufNames() {}

  /**
   * The name in a file.
   *
   * @param layer from 0; of no meaning outside of layers
   */
  public static String of(Role role, int layer, boolean bias) {
    String module =
        switch (role) {
          case EMBEDDING -> "token_embd";
          case OUTPUT_NORM -> "output_norm";
          case HEAD -> "output";
          default -> "blk." + layer + "." + inLayer(role);
        };
    return module + (bias ? ".bias" : ".weight");
  }

  private static String inLayer(Role role) {
    return switch (role) {
      case ATTENTION_NORM -> "attn_norm";
      case QKV -> "attn_qkv";
      case QUERY -> "attn_q";
      case KEY -> "attn_k";
      case VALUE -> "attn_v";
      case ATTENTION_OUTPUT -> "attn_output";
      case FEED_FORWARD_NORM -> "ffn_norm";
      case GATE -> "ffn_gate";
      case GATE_UP, UP -> "ffn_up";
      case DOWN -> "ffn_down";
      case ROUTER -> "ffn_gate_inp";
      case EXPERT_GATE -> "ffn_gate_exps";
      case EXPERT_UP -> "ffn_up_exps";
      case EXPERT_DOWN -> "ffn_down_exps";
      default -> throw new IllegalArgumentException(role + " is outside of layers");
    };
  }
}
