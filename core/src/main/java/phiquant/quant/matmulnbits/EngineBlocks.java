package phiquant.quant.matmulnbits;

/**
 * The algorithm {@code default}: what ONNX Runtime's own library does ({@code
 * MlasQuantizeBlockwise} in {@code onnxruntime/core/mlas/lib/q4_dq.cpp}), in float arithmetic:
 *
 * <pre>
 *   symmetric:   scale = -extreme / 2^(bits - 1), zero point = 2^(bits - 1)
 *                so that the extreme, the weight of largest magnitude, has the code 0
 *   asymmetric:  the range is extended to hold 0
 *                scale = (max - min) / (2^bits - 1), zero point = round(-min / scale)
 * </pre>
 *
 * <p>Codes follow as in {@link EngineCodes}, from the scale as it is stored.
 */
final class EngineBlocks implements Blocks {
  private final EngineCodes engineCodes = new EngineCodes();

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
      float min = x[from + b * block];
      float max = min;
      for (int i = 1; i < block; i++) {
        float v = x[from + b * block + i];
        min = v < min ? v : min;
        max = v > max ? v : max;
      }
      grid(format, min, max, scales, zeroPoints, at + b);
    }
    engineCodes.quantize(format, x, from, count, codes, scales, zeroPoints, at);
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
      zeroPoints[at] = scale == 0 ? 0 : EngineCodes.code(0 - low / scale, format.top());
    }
    scales[at] = format.used(scale);
  }
}
