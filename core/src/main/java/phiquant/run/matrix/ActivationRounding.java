package phiquant.run.matrix;

import java.util.Arrays;
import phiquant.quant.BFloat16;
import phiquant.quant.ggml.GgmlType;

/**
 * What engines do to activations before they multiply them: llama.cpp and others round them to int8
 * in blocks, or to the type of plain weights. The product of two rounded numbers is exact in f32,
 * so rounding first and multiplying floats gives what integer arithmetic gives, up to the order of
 * the sums.
 *
 * @param kind what numbers are rounded to
 * @param block numbers that share a scale, if they have one
 */
public record ActivationRounding(Kind kind, int block) {
  /** To what, and how the scale d is stored. */
  enum Kind {
    NONE,
    F16,
    BF16,
    /** {@code round(x / d) · d} with {@code d = max|x| / 127} in f32. */
    INT8,
    /** The same, with d rounded to binary16 after the division. */
    INT8_HALF_SCALE,
    /** {@code round(x · s) / s} with {@code s = 127 / max|x|}. */
    INT8_INVERSE
  }

  /** As they are. */
  public static final ActivationRounding NONE = new ActivationRounding(Kind.NONE, 0);

  /** As llama.cpp does before F16 weights. */
  private static final ActivationRounding F16 = new ActivationRounding(Kind.F16, 0);

  /** As llama.cpp does before BF16 weights. */
  private static final ActivationRounding BF16 = new ActivationRounding(Kind.BF16, 0);

  /** ggml's {@code quantize_row_q8_0} and {@code quantize_row_q8_1}. */
  private static final ActivationRounding Q8_0 = new ActivationRounding(Kind.INT8_HALF_SCALE, 32);

  /** ggml's {@code quantize_row_q8_K_ref}. */
  private static final ActivationRounding Q8_K = new ActivationRounding(Kind.INT8_INVERSE, 256);

  /**
   * {@code accuracy_level} 4 of MatMulNBits, in the weights' own blocks (MLAS' {@code
   * QuantizeARow_CompInt8}); OpenVINO's dynamic quantization, in blocks of 32.
   */
  public static ActivationRounding int8(int block) {
    return new ActivationRounding(Kind.INT8, block);
  }

  /** What {@code vec_dot_type} is in ggml-cpu. */
  public static ActivationRounding of(GgmlType type) {
    return switch (type) {
      case F32 -> NONE;
      case F16 -> F16;
      case BF16 -> BF16;
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, NVFP4, Q1_0, Q2_0 -> Q8_0;
      case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS, TQ1_0, TQ2_0 -> Q8_K;
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S -> Q8_K;
    };
  }

  /**
   * Rounds numbers in place.
   *
   * @param steps receives the step of each 32, if {@link #fitsCodes}
   */
  void round(float[] x, float[] steps) {
    switch (kind) {
      case NONE -> {}
      case F16 -> {
        for (int i = 0; i < x.length; i++) {
          x[i] = Float.float16ToFloat(Float.floatToFloat16(x[i]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < x.length; i++) {
          x[i] = BFloat16.toFloat(BFloat16.fromFloat(x[i]));
        }
      }
      case INT8, INT8_HALF_SCALE, INT8_INVERSE -> {
        for (int k = 0; k < x.length; k += block) {
          int count = Math.min(block, x.length - k);
          float max = Levels.BEST.largest(x, k, count);
          float step = step(max);
          Levels.BEST.round(x, k, count, inverse(max), step);
          Arrays.fill(steps, k / 32, Math.ceilDiv(k + count, 32), step);
        }
      }
    }
  }

  /** Whether numbers become bytes whose steps {@link TokenCodes} can hold. */
  public boolean fitsCodes() {
    return block > 0 && block % TokenCodes.BLOCK == 0;
  }

  /** Rounds the numbers of every token of a panel in place. */
  public void roundPanel(float[] panel) {
    roundPanel(panel, null);
  }

  /** The same, also as integers. */
  public void roundPanel(float[] panel, int p, TokenCodes codes) {
    roundPanel(panel, codes.steps[p]);
    codes.take(p, panel);
  }

  private void roundPanel(float[] panel, float[] steps) {
    if (block == 0) {
      round(panel, null);
      return;
    }
    float[] inverse = new float[Panels.WIDTH];
    float[] step = new float[Panels.WIDTH];
    int size = block * Panels.WIDTH;
    for (int at = 0; at < panel.length; at += size) {
      int count = Math.min(size, panel.length - at);
      Levels.BEST.largest(panel, at, count, step);
      for (int t = 0; t < Panels.WIDTH; t++) {
        inverse[t] = inverse(step[t]);
        step[t] = step(step[t]);
      }
      Levels.BEST.roundColumns(panel, at, count, inverse, step);
      // One step for each block of codes.
      for (int to = at; steps != null && to < at + count; to += TokenCodes.BLOCK * Panels.WIDTH) {
        System.arraycopy(step, 0, steps, to / TokenCodes.BLOCK, Panels.WIDTH);
      }
    }
  }

  /** What numbers are multiplied with to become levels. */
  private float inverse(float max) {
    return max == 0 ? 0 : kind == Kind.INT8_INVERSE ? 127 / max : 1 / (max / 127);
  }

  /** What levels are multiplied with. */
  private float step(float max) {
    return switch (kind) {
      case INT8_HALF_SCALE -> Float.float16ToFloat(Float.floatToFloat16(max / 127));
      case INT8_INVERSE -> max == 0 ? 0 : 1 / (127 / max);
      default -> max / 127;
    };
  }
}
