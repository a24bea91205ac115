package phiquant.quant.matmulnbits;

/**
 * The algorithm {@code rtn}: Intel Neural Compressor's round to nearest as ONNX Runtime carries it
 * ({@code quant_tensor} in {@code onnxruntime/quantization/neural_compressor/weight_only.py}). The
 * range of the weights is in their own type, everything after it in double arithmetic:
 *
 * <pre>
 *   symmetric:   scale = 2 * max|w| / (2^bits - 1), zero point = 2^(bits - 1)
 *   asymmetric:  scale = (max - min) / (2^bits - 1), zero point = clamp(rint(-min / scale))
 *   code = clamp(rint(w / scale + zero point), 0, 2^bits - 1)
 * </pre>
 *
 * <p>The scale is 1 if the weights are all 0 (symmetric) or all the same (asymmetric). It is
 * rounded to the model's type when it is stored.
 */
final class RoundToNearest implements Blocks {
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
      float max = min;
      for (int i = 1; i < block; i++) {
        min = Math.min(min, x[start + i]);
        max = Math.max(max, x[start + i]);
      }
      double scale = scale(format, min, max);
      zeroPoints[at + b] = zeroPoint(format, min, scale);
      scales[at + b] = format.type().round(scale);
      codes(format, x, start, scale, zeroPoints[at + b], codes, b * block);
    }
  }

  /** The scale before it is rounded for storage. */
  static double scale(NBitsFormat format, float min, float max) {
    float range = format.symmetric() ? 2 * Math.max(Math.abs(min), Math.abs(max)) : max - min;
    return range == 0 ? 1 : (double) format.type().round(range) / format.top();
  }

  static int zeroPoint(NBitsFormat format, float min, double scale) {
    return format.symmetric() ? format.middle() : code(-min / scale, format.top());
  }

  /** The codes of one block. */
  static void codes(
      NBitsFormat format, float[] x, int from, double scale, int zeroPoint, int[] codes, int at) {
    for (int i = 0; i < format.block(); i++) {
      codes[at + i] = code(x[from + i] / scale + zeroPoint, format.top());
    }
  }

  /** The nearest code, ties to even; 0 for what is not a number. */
  static int code(double level, int top) {
    return (int) Math.min(Math.max(Math.rint(level), 0), top);
  }
}
