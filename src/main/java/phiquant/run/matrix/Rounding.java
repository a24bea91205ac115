package phiquant.run.matrix;

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
   * {@code round(x / d) · d} in blocks of 32 with {@code d = max|x| / 127} rounded to binary16
   * after the division: ggml's {@code quantize_row_q8_0} and {@code quantize_row_q8_1}.
   */
  Q8_0,
  /** The same with d in f32: {@code accuracy_level} 4 of MatMulNBits, and OpenVINO's way. */
  INT8,
  /**
   * In blocks of 256 with {@code d = m / -127}, m being the number of largest magnitude, in f32:
   * ggml's {@code quantize_row_q8_K_ref}.
   */
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

  /** Numbers that are rounded together. */
  public int block() {
    return switch (this) {
      case Q8_0, INT8 -> 32;
      case NONE, F16, BF16, Q8_K -> 256;
    };
  }

  /**
   * Rounds {@code count} numbers, {@code stride} apart, in place.
   *
   * @param count at most a block; the last block of a row may be short
   */
  public void round(float[] x, int at, int count, int stride) {
    switch (this) {
      case NONE -> {}
      case F16 -> {
        for (int i = 0; i < count; i++) {
          x[at + i * stride] = Float.float16ToFloat(Float.floatToFloat16(x[at + i * stride]));
        }
      }
      case BF16 -> {
        for (int i = 0; i < count; i++) {
          x[at + i * stride] =
              phiquant.quant.BFloat16.toFloat(
                  phiquant.quant.BFloat16.fromFloat(x[at + i * stride]));
        }
      }
      case Q8_0, INT8 -> {
        float max = 0;
        for (int i = 0; i < count; i++) {
          max = Math.max(max, Math.abs(x[at + i * stride]));
        }
        float d = max / 127;
        float inverse = d == 0 ? 0 : 1 / d;
        float step = this == Q8_0 ? Float.float16ToFloat(Float.floatToFloat16(d)) : d;
        for (int i = 0; i < count; i++) {
          x[at + i * stride] = (float) Math.rint(x[at + i * stride] * inverse) * step;
        }
      }
      case Q8_K -> {
        float max = 0;
        for (int i = 0; i < count; i++) {
          float value = x[at + i * stride];
          max = Math.abs(value) > Math.abs(max) ? value : max;
        }
        float inverse = max == 0 ? 0 : -127 / max;
        float step = max == 0 ? 0 : 1 / inverse;
        for (int i = 0; i < count; i++) {
          double level = Math.min(127, Math.rint(x[at + i * stride] * inverse));
          x[at + i * stride] = (float) level * step;
        }
      }
    }
  }
}
