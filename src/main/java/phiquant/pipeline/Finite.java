package phiquant.pipeline;

import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;

/** Finds NaN and infinite weights, which no quantized format can hold. */
final class Finite {
  private Finite() {}

  /**
   * Checks {@code count} floats.
   *
   * @throws UserError naming the tensor
   */
  static void check(float[] x, int count, StoredTensor tensor) {
    // Zero times a finite number is zero; times NaN or infinity it is NaN, which the sum keeps.
    float sum0 = 0;
    float sum1 = 0;
    float sum2 = 0;
    float sum3 = 0;
    int i = 0;
    for (; i + 4 <= count; i += 4) {
      sum0 += x[i] * 0f;
      sum1 += x[i + 1] * 0f;
      sum2 += x[i + 2] * 0f;
      sum3 += x[i + 3] * 0f;
    }
    for (; i < count; i++) {
      sum0 += x[i] * 0f;
    }
    if (sum0 + sum1 + sum2 + sum3 != 0) {
      throw new UserError(
          "The tensor '" + tensor.name() + "' holds NaN or infinite weights.",
          "Check the checkpoint; --allow-nonfinite quantizes it as the engine's own tool does.");
    }
  }
}
