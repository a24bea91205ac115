package phiquant.quant.nncf;

import static jdk.incubator.vector.VectorOperators.GT;
import static phiquant.quant.nncf.GroupLanes.FLOATS;
import static phiquant.quant.nncf.GroupLanes.INTS;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/** {@link Nf4} with the Vector API: compares several weights at once with each middle. */
record VectorNf4(Nf4 scalar) implements VectorCompression {
  @Override
  public Grid encode(float[] x, int from, int count, byte[] codes, int at) {
    Grid grid = scalar.grid(GroupLanes.largest(x, from, count));
    float scale = grid.scale();
    int[] lanes = new int[FLOATS.length()];
    int whole = FLOATS.loopBound(count);
    for (int i = 0; i < whole; i += FLOATS.length()) {
      FloatVector level = FloatVector.fromArray(FLOATS, x, from + i).div(scale);
      IntVector code = IntVector.zero(INTS);
      for (float middle : Nf4.MIDDLES) {
        // Says what it is; the package of numbers tells why.
        code = (IntVector) INTS.vectorType().cast(code);
        code = code.add(1, level.compare(GT, middle).cast(INTS));
      }
      code.intoArray(lanes, 0);
      GroupLanes.bytes(lanes, codes, at + i);
    }
    for (int i = whole; i < count; i++) {
      codes[at + i] = scalar.code(x[from + i], grid);
    }
    return grid;
  }
}
