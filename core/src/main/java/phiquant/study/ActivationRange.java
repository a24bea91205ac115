package phiquant.study;

/**
 * What the inputs of a linear layer look like on a text: how far they reach and how strong they
 * are. From it follows the grid that they are rounded to when the model runs, {@code x ≈ (q - zero
 * point) * step} with q from 0 to {@code 2^bits - 1}. The grid holds zero, as ONNX's {@code
 * QuantizeLinear} needs it.
 *
 * @param min the smallest number, not above 0
 * @param max the largest, not below 0
 * @param meanSquare the mean of their squares
 */
public record ActivationRange(float min, float max, double meanSquare) {
  /** The distance of two neighbours on the grid. */
  public float step(int bits) {
    float step = (max - min) / top(bits);
    return step > 0 ? step : 1;
  }

  /** The code of zero. */
  public int zeroPoint(int bits) {
    return (int) Math.clamp(Math.rint(-min / step(bits)), 0, top(bits));
  }

  /**
   * The power of what rounding adds, relative to the numbers' own: that of errors evenly spread.
   */
  public double noise(int bits) {
    double step = step(bits);
    return meanSquare == 0 ? 0 : step * step / 12 / meanSquare;
  }

  private static int top(int bits) {
    return (1 << bits) - 1;
  }
}
