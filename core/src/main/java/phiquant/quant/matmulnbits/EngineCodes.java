package phiquant.quant.matmulnbits;

/**
 * The codes of blocks whose grids are known, as ONNX Runtime's own library makes them ({@code
 * onnxruntime/core/mlas/lib/q4_dq.cpp}), in float arithmetic: {@code code = clamp(round(w * (1 /
 * scale) + zero point), 0, 2^bits - 1)}, ties away from zero. What is not a number becomes 0.
 */
final class EngineCodes implements Blocks {
  @Override
  public void quantize(
      NBitsFormat format,
      float[] x,
      int from,
      int count,
      int[] codes,
      float[] scales,
      int[] zeroPoints,
      int at) {
    int block = format.block();
    for (int b = 0; b < count; b++) {
      float inverse = inverse(scales[at + b]);
      for (int i = b * block; i < (b + 1) * block; i++) {
        codes[i] = code(x[from + i] * inverse + zeroPoints[at + b], format.top());
      }
    }
  }

  /** The nearest code. */
  static int code(float level, int top) {
    if (!(level >= 0)) {
      return 0;
    }
    float clamped = Math.min(level, top);
    int floor = (int) clamped;
    return clamped - floor >= 0.5f ? floor + 1 : floor;
  }

  /** 1 / scale, 0 for a scale of 0. */
  static float inverse(float scale) {
    return scale == 0 ? 0 : 1 / scale;
  }
}
