package phiquant.engine.gguf;

import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Scaled;
import phiquant.model.Role;

/**
 * What the weights of a mixture of experts are multiplied with, so that llama.cpp comes close to
 * its function. It takes the softmax of the two best scores, which is one half each if scores are
 * tiny; sparsemixer's weights are 1 and 1 for most tokens. So scores become tiny, and what experts
 * give is doubled. Powers of two: nothing is rounded, and a reader takes them back.
 */
public final class PreparedMixture {
  /** The key of files whose weights are prepared so, and what it says. */
  public static final String KEY = "phiquant.moe";

  public static final String EXACT = "exact";

  private static final float ROUTER = 0x1p-12f;
  private static final float DOWN = 2;

  private PreparedMixture() {}

  /** A weight as it is written. */
  public static StoredTensor prepared(Role role, StoredTensor tensor) {
    return scaled(role, tensor, ROUTER, DOWN);
  }

  /** The weight that was written so. */
  public static StoredTensor restored(Role role, StoredTensor tensor) {
    return scaled(role, tensor, 1 / ROUTER, 1 / DOWN);
  }

  private static StoredTensor scaled(Role role, StoredTensor tensor, float router, float down) {
    return switch (role) {
      case ROUTER -> new Scaled(tensor, router);
      case EXPERT_DOWN -> new Scaled(tensor, down);
      default -> tensor;
    };
  }
}
