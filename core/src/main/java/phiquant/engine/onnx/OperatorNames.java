package phiquant.engine.onnx.writer;

import phiquant.model.Linear;
import phiquant.model.Weight;

/**
 * The names that ONNX Runtime GenAI's model builder gives to operators; tools, and options such as
 * {@code nodes_to_exclude}, know them by these.
 */
final class OperatorNames {
  /** The head's operator. */
  static final String HEAD = "/lm_head/MatMul";

  private OperatorNames() {}

  /** What the names of a layer's attention begin with. */
  static String attention(int layer) {
    return "/model/layers." + layer + "/attn";
  }

  /** What the names of a layer's feed-forward part begin with. */
  static String mlp(int layer) {
    return "/model/layers." + layer + "/mlp";
  }

  /** The product with a weight that is one matrix in the graph too. */
  static String product(Linear linear) {
    int layer = linear.layer();
    return switch (linear.role()) {
      case QKV -> attention(layer) + "/qkv_proj/MatMul";
      case ATTENTION_OUTPUT -> attention(layer) + "/o_proj/MatMul";
      case UP -> mlp(layer) + "/fc1/MatMul";
      case DOWN -> mlp(layer) + (linear.biases().isEmpty() ? "/down_proj" : "/fc2") + "/MatMul";
      case EMBEDDING, HEAD -> HEAD;
      default -> throw new IllegalArgumentException(linear.role() + " is no product");
    };
  }

  /** The sum of what attention and the feed-forward part of a parallel block give. */
  static String branches(int layer) {
    return "/model/layers." + layer + "/residual_add/Add";
  }

  /**
   * A norm.
   *
   * @param layers of the model: the last norm counts as of one more
   */
  static String norm(Weight weight, int layers) {
    return switch (weight.role()) {
      case ATTENTION_NORM -> "/model/layers." + weight.layer() + "/input_layernorm";
      case FEED_FORWARD_NORM -> "/model/layers." + weight.layer() + "/post_attention_layernorm";
      case OUTPUT_NORM -> "/model/layers." + layers + "/final_norm_layernorm";
      default -> throw new IllegalArgumentException(weight.name() + " is no norm");
    };
  }
}
