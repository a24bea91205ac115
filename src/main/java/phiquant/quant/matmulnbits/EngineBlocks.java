package phiquant.quant.matmulnbits;

/**
 * The algorithm {@code default}: what ONNX Runtime's own library does ({@code
 * MlasQuantizeBlockwise} in {@code onnxruntime/core/mlas/lib/q4_dq.cpp}), in float arithmetic. With
 * {@code top = 2^bits - 1} and {@code middle = 2^(bits - 1)}:
 *
 * <pre>
 *   symmetric:   scale = -extreme / middle, the weight of largest magnitude becoming code 0
 *                zero point = middle
 *   asymmetric:  the range is extended to hold 0
 *                scale = (max - min) / top, zero point = round(-min / scale)
 *   code = clamp(round(w * (1 / scale) + zero point), 0, top)
 * </pre>
 *
 * <p>Rounding is to nearest, ties away from zero. Codes are made with the scale as it is stored,
 * except in bfloat16, which the engine's library does not know.
 */
final class EngineBlocks implements Blocks {
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
      int start = from + b * block;
      float min = x[start];
      float max = x[start];
      for (int i = 1; i < block; i++) {
        float v = x[start + i];
        min = v < min ? v : min;
        max = v > max ? v : max;
      }
      grid(format, min, max, scales, zeroPoints, at + b);
      codes(format, x, start, scales[at + b], zeroPoints[at + b], codes, b * block);
    }
  }

  /** Scale and zero point of a block whose weights lie between {@code min} and {@code max}. */
  static void grid(
      NBitsFormat format, float min, float max, float[] scales, int[] zeroPoints, int at) {
    float scale;
    if (format.symmetric()) {
      float extreme = Math.abs(max) > Math.abs(min) ? max : min;
      scale = -extreme / format.middle();
      zeroPoints[at] = format.middle();
    } else {
      float low = 0 < min ? 0 : min;
      float high = max < 0 ? 0 : max;
      scale = (high - low) / format.top();
      zeroPoints[at] = scale == 0 ? 0 : code(0 - low / scale, format.top());
    }
    scales[at] = format.used(scale);
  }

  /** The codes of one block. */
  static void codes(
      NBitsFormat format, float[] x, int from, float scale, int zeroPoint, int[] codes, int at) {
    float inverse = scale == 0 ? 0 : 1 / scale;
    for (int i = 0; i < format.block(); i++) {
      codes[at + i] = code(x[from + i] * inverse + zeroPoint, format.top());
    }
  }

  /** The nearest code, ties to the larger; 0 for what is not a number. */
  private static int code(float level, int top) {
    if (!(level >= 0)) {
      return 0;
    }
    float clamped = Math.min(level, top);
    int floor = (int) clamped;
    return clamped - floor >= 0.5f ? floor + 1 : floor;
  }
}
