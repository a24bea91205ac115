package phiquant.quant.nncf;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import phiquant.quant.VectorSupport;
import phiquant.quant.nncf.GroupFormat.Grid;

/**
 * How badly 8-bit integers with a zero point fit a row: what NNCF ranks layers by when it has no
 * data ({@code get_integer_quantization_error} in {@code weight_lowering.py}). Squares are summed
 * in 16 partial sums, so that the result is the same at every vector width.
 */
public final class Int8Error {
  private static final IntegerFormat FORMAT = IntegerFormat.INT8_ASYM;
  private static final int SUMS = 16;

  private Int8Error() {}

  /**
   * The mean squared error of {@code count} weights that share a scale.
   *
   * @param codes room for as many bytes
   */
  public static float of(float[] x, int from, int count, byte[] codes) {
    return VectorSupport.available()
        ? Wide.error(x, from, count, codes)
        : scalar(x, from, count, codes);
  }

  static float scalar(float[] x, int from, int count, byte[] codes) {
    Grid grid = FORMAT.encode(x, from, count, codes, 0);
    float[] sums = new float[SUMS];
    for (int i = 0; i < count; i++) {
      add(sums, i, FORMAT.decode(codes[i], grid) - x[from + i]);
    }
    return mean(sums, count);
  }

  private static void add(float[] sums, int i, float difference) {
    sums[i % SUMS] += difference * difference;
  }

  private static float mean(float[] sums, int count) {
    double sum = 0;
    for (float part : sums) {
      sum += part;
    }
    return (float) (sum / count);
  }

  /** The same with vectors. */
  static final class Wide {
    static float error(float[] x, int from, int count, byte[] codes) {
      Grid grid = GroupFormats.vector(FORMAT).encode(x, from, count, codes, 0);
      int[] levels = new int[SUMS];
      float[] sums = new float[SUMS];
      int whole = count - count % SUMS;
      for (int i = 0; i < whole; i += SUMS) {
        for (int lane = 0; lane < SUMS; lane++) {
          levels[lane] = (codes[i + lane] & 255) - grid.zeroPoint();
        }
        for (int lane = 0; lane < SUMS; lane += Lanes.INTS.length()) {
          FloatVector level =
              (FloatVector)
                  IntVector.fromArray(Lanes.INTS, levels, lane)
                      .convertShape(jdk.incubator.vector.VectorOperators.I2F, Lanes.FLOATS, 0);
          FloatVector value = FloatVector.fromArray(Lanes.FLOATS, x, from + i + lane);
          FloatVector difference = level.mul(grid.scale()).sub(value);
          FloatVector.fromArray(Lanes.FLOATS, sums, lane)
              .add(difference.mul(difference))
              .intoArray(sums, lane);
        }
      }
      for (int i = whole; i < count; i++) {
        add(sums, i, FORMAT.decode(codes[i], grid) - x[from + i]);
      }
      return mean(sums, count);
    }
  }
}
