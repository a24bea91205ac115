package phiquant.run.attention;

/**
 * Where longrope's factors are chosen, the long or the short ones: engines disagree about it, so
 * that their rules can be chosen. Without longrope all rules are the same.
 */
public enum LongRopeRule {
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
  SHORT;

  /** Whether a sequence of that length, in a cache of that size, takes the long factors. */
  boolean isLong(int length, int context, int originalContext) {
    return switch (this) {
      case CHECKPOINT, LENGTH -> length > originalContext;
      case LLAMA -> context > originalContext;
      case LONG -> true;
      case SHORT -> false;
    };
  }

  /** Whether keys that were rotated by the other factors have to be computed anew. */
  boolean recomputes() {
    return this == CHECKPOINT;
  }
}
