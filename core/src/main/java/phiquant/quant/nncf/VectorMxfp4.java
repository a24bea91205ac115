package phiquant.quant.nncf;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static phiquant.quant.nncf.Lanes.FLOATS;
import static phiquant.quant.nncf.Lanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link Mxfp4} with the Vector API: compares several weights at once with each middle. */
record VectorMxfp4(Mxfp4 scalar) implements VectorCompression {
  @Override
  public Grid encode(float[] x, int from, int count, byte[] codes, int at) {
    Grid grid = scalar.grid(Lanes.largest(x, from, count));
    float scale = grid.scale();
    int[] lanes = new int[FLOATS.length()];
    int whole = FLOATS.loopBound(count);
    for (int i = 0; i < whole; i += FLOATS.length()) {
      FloatVector level = FloatVector.fromArray(FLOATS, x, from + i).div(scale);
      FloatVector magnitude = level.lanewise(ABS);
      IntVector code = IntVector.zero(INTS);
      for (float middle : Mxfp4.MIDDLES) {
        code = code.add(1, magnitude.compare(GT, middle).cast(INTS));
      }
      code.add(8, level.compare(LT, 0f).cast(INTS)).intoArray(lanes, 0);
      Lanes.bytes(lanes, codes, at + i);
    }
    for (int i = whole; i < count; i++) {
      codes[at + i] = scalar.code(x[from + i], grid);
    }
    return grid;
  }
}
