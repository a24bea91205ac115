package phiquant.quant.nncf;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.LE;
import static phiquant.quant.nncf.GroupLanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import phiquant.quant.VectorSupport;
import phiquant.quant.nncf.CompressionFormat.Grid;

/**
 * How badly 8-bit integers with a zero point fit a row: what NNCF ranks layers by when it has no
 * data ({@code get_integer_quantization_error} in {@code weight_lowering.py}). Squares are summed
 * in 16 partial sums, so that the result is the same at every vector width.
 */
public final class Int8Error {
  private static final IntegerFormat FORMAT = IntegerFormat.INT8_ASYM;
  private static final int SUMS = 16;

  private Int8Error() {}

  /** The mean squared error of {@code count} weights that share a scale. */
  public static float of(float[] x, int from, int count) {
    return VectorSupport.available() ? Wide.error(x, from, count) : scalar(x, from, count);
  }

  static float scalar(float[] x, int from, int count) {
    byte[] codes = new byte[count];
    Grid grid = FORMAT.encode(x, from, count, codes, 0);
    float[] sums = new float[SUMS];
    for (int i = 0; i < count; i++) {
      float difference = FORMAT.decode(codes[i], grid) - x[from + i];
      sums[i % SUMS] += difference * difference;
    }
    return mean(sums, count);
  }

  private static float mean(float[] sums, int count) {
    double sum = 0;
    for (float part : sums) {
      sum += part;
    }
    return (float) (sum / count);
  }

  /** The same with vectors, and without codes: levels stay floats. */
  static final class Wide {
    static float error(float[] x, int from, int count) {
      Grid grid = VectorIntegerFormat.grid(FORMAT, x, from, count);
      float[] sums = new float[SUMS];
      int whole = count - count % SUMS;
      add(x, from, whole, grid, sums);
      // Filled up with zeros, which cost nothing: they come back as zeros.
      float[] rest = new float[SUMS];
      System.arraycopy(x, from + whole, rest, 0, count - whole);
      add(rest, 0, SUMS, grid, sums);
      return mean(sums, count);
    }

    private static void add(float[] x, int from, int count, Grid grid, float[] sums) {
      float scale = grid.scale();
      float zero = grid.zeroPoint();
      float high = FORMAT.high();
      for (int part = 0; part < SUMS; part += FLOATS.length()) {
        FloatVector sum = FloatVector.fromArray(FLOATS, sums, part);
        for (int i = part; i < count; i += SUMS) {
          FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
          FloatVector level = v.div(scale).add(zero);
          level = level.blend(0, level.compare(GE, 0f).not());
          level = level.blend(high, level.compare(LE, high).not());
          FloatVector code = level.add(IntegerFormat.ROUND).sub(IntegerFormat.ROUND);
          FloatVector difference = code.sub(zero).mul(scale).sub(v);
          sum = difference.mul(difference).add(sum);
        }
        sum.intoArray(sums, part);
      }
    }
  }
}
