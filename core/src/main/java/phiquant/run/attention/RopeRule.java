package phiquant.run.attention;

/**
 * When a model with longrope uses its long factors: engines disagree, so their rules can be chosen.
 * Without longrope all rules are the same.
 */
public enum RopeRule {
  /**
   * transformers: long when the sequence is longer than the original context; when it grows past
   * it, keys and values are computed anew.
   */
  CHECKPOINT,
  /** OpenVINO: by the current length, but keys stay as they were rotated. */
  LENGTH,
  /** llama.cpp: long when the allocated context is larger than the original one. */
  LLAMA,
  /** MLX: always long. */
  LONG,
  /** Always short. */
  SHORT
}
