package phiquant.quant.nncf;

import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LE;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;
import static phiquant.quant.nncf.GroupLanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * {@link IntegerFormat} with the Vector API. Minimum, maximum and the rounding to codes do not
 * depend on an order, so the codes are the same at every width.
 */
record VectorIntegerFormat(IntegerFormat scalar) implements VectorCompression {
  @Override
  public Grid encode(float[] x, int from, int count, byte[] codes, int at) {
    Grid grid = grid(scalar, x, from, count);
    codes(scalar, x, from, count, grid, codes, at);
    return grid;
  }

  /** The codes of a group whose grid is known. */
  static void codes(
      IntegerFormat scalar, float[] x, int from, int count, Grid grid, byte[] codes, int at) {
    int whole = FLOATS.loopBound(count);
    float scale = grid.scale();
    float zero = grid.zeroPoint();
    float low = scalar.low();
    float high = scalar.high();
    int[] lanes = new int[FLOATS.length()];
    for (int i = 0; i < whole; i += FLOATS.length()) {
      FloatVector level = FloatVector.fromArray(FLOATS, x, from + i).div(scale).add(zero);
      FloatVector raised = level.blend(low, level.compare(GE, low).not());
      FloatVector cut = raised.blend(high, raised.compare(LE, high).not());
      cut.add(IntegerFormat.ROUND).reinterpretAsInts().intoArray(lanes, 0);
      GroupLanes.bytes(lanes, codes, at + i);
    }
    for (int i = whole; i < count; i++) {
      codes[at + i] = scalar.code(x[from + i], grid);
    }
  }

  /** Scale and zero point of a group. */
  static Grid grid(IntegerFormat format, float[] x, int from, int count) {
    int whole = FLOATS.loopBound(count);
    FloatVector lowest = FloatVector.zero(FLOATS);
    FloatVector highest = lowest;
    for (int i = 0; i < whole; i += FLOATS.length()) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
      // Says what it is; the package of numbers tells why.
      lowest = (FloatVector) FLOATS.vectorType().cast(lowest);
      highest = (FloatVector) FLOATS.vectorType().cast(highest);
      lowest = lowest.blend(v, v.compare(LT, lowest));
      highest = highest.blend(v, v.compare(GT, highest));
    }
    float min = lowest.reduceLanes(MIN);
    float max = highest.reduceLanes(MAX);
    for (int i = whole; i < count; i++) {
      min = x[from + i] < min ? x[from + i] : min;
      max = x[from + i] > max ? x[from + i] : max;
    }
    return format.grid(min, max);
  }
}
