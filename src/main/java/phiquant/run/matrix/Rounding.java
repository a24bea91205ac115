package phiquant.run.matrix;

import phiquant.quant.BFloat16;
import phiquant.quant.ggml.GgmlType;

/**
 * What engines do to activations before they multiply them: llama.cpp and others round them to int8
 * in blocks, or to the type of plain weights. The product of two rounded numbers is exact in f32,
 * so rounding first and multiplying floats gives what integer arithmetic gives, up to the order of
 * the sums.
 */
public enum Rounding {
  /** As they are. */
  NONE,
  /** To binary16, as llama.cpp does before F16 weights. */
  F16,
  /** To bfloat16, as llama.cpp does before BF16 weights. */
  BF16,
  /**
   * {@code round(x / d) · d} in blocks of 32 with {@code d = max|x| / 127}, itself rounded to
   * binary16 after the division: ggml's {@code quantize_row_q8_0} and {@code quantize_row_q8_1}.
   */
  Q8_0,
  /** The same with d in f32: {@code accuracy_level} 4 of MatMulNBits, and OpenVINO's way. */
  INT8,
  /** In blocks of 256 with d in f32: ggml's {@code quantize_row_q8_K_ref}. */
  Q8_K;

  /** What {@code vec_dot_type} is in ggml-cpu. */
  static Rounding of(GgmlType type) {
    return switch (type) {
      case F32 -> NONE;
      case F16 -> F16;
      case BF16 -> BF16;
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> Q8_0;
      case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS, TQ1_0, TQ2_0 -> Q8_K;
    };
  }

  /** Rounds numbers in place. */
  void round(float[] x) {
    switch (this) {
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
      case Q8_0, INT8, Q8_K -> {
        for (int k = 0; k < x.length; k += block()) {
          int count = Math.min(block(), x.length - k);
          float max = Levels.BEST.largest(x, k, count);
          Levels.BEST.round(x, k, count, inverse(max), step(max));
        }
      }
    }
  }

  /** Rounds the numbers of every token of a panel in place. */
  public void roundPanel(float[] panel) {
    if (this == NONE || this == F16 || this == BF16) {
      round(panel);
      return;
    }
    float[] inverse = new float[Panels.WIDTH];
    float[] step = new float[Panels.WIDTH];
    int size = block() * Panels.WIDTH;
    for (int at = 0; at < panel.length; at += size) {
      int count = Math.min(size, panel.length - at);
      Levels.BEST.largest(panel, at, count, step);
      for (int t = 0; t < Panels.WIDTH; t++) {
        inverse[t] = inverse(step[t]);
        step[t] = step(step[t]);
      }
      Levels.BEST.roundColumns(panel, at, count, inverse, step);
    }
  }

  /** Numbers that share a scale. */
  private int block() {
    return this == Q8_K ? 256 : 32;
  }

  /** What numbers are multiplied with to become levels. */
  private float inverse(float max) {
    return max == 0 ? 0 : this == Q8_K ? 127 / max : 1 / (max / 127);
  }

  /** What levels are multiplied with. */
  private float step(float max) {
    return switch (this) {
      case Q8_0 -> Float.float16ToFloat(Float.floatToFloat16(max / 127));
      case Q8_K -> max == 0 ? 0 : 1 / (127 / max);
      default -> max / 127;
    };
  }
}
