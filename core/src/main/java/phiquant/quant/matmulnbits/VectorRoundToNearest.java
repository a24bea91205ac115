package phiquant.quant.matmulnbits;

import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.GE;
import static jdk.incubator.vector.VectorOperators.L2I;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** {@link RoundToNearest} with the Vector API: several weights of a block at once, as doubles. */
final class VectorRoundToNearest implements Blocks {
  /** As wide as the machine, but not wider than the smallest block's floats. */
  private static final VectorSpecies<Double> DOUBLES =
      DoubleVector.SPECIES_PREFERRED.length() > 8
          ? DoubleVector.SPECIES_512
          : DoubleVector.SPECIES_PREFERRED;

  private static final VectorShape HALF = VectorShape.forBitSize(DOUBLES.vectorBitSize() / 2);
  private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, HALF);
  private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, HALF);

  /** Adding 2^52 leaves a double from 0 to 2^51 rounded to even in its lowest bits. */
  private static final double INTEGER = 0x1p52;

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
    float[] range = new float[2];
    for (int b = 0; b < count; b++) {
      int start = from + b * block;
      VectorEngineBlocks.range(x, start, block, range);
      double scale = RoundToNearest.scale(format, range[0], range[1]);
      zeroPoints[at + b] = RoundToNearest.zeroPoint(format, range[0], scale);
      scales[at + b] = format.type().round(scale);
      codes(format, x, start, scale, zeroPoints[at + b], codes, b * block);
    }
  }

  /** The codes of one block. */
  static void codes(
      NBitsFormat format, float[] x, int from, double scale, int zeroPoint, int[] codes, int at) {
    double top = format.top();
    for (int i = 0; i < format.block(); i += DOUBLES.length()) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
      DoubleVector level = (DoubleVector) v.convertShape(F2D, DOUBLES, 0);
      level = level.div(scale).add(zeroPoint);
      // The first blend also turns what is not a number into 0.
      level = DoubleVector.zero(DOUBLES).blend(level, level.compare(GE, 0d));
      level = level.blend(top, level.compare(GE, top));
      IntVector code =
          (IntVector) level.add(INTEGER).reinterpretAsLongs().convertShape(L2I, INTS, 0);
      code.and(0xFF).intoArray(codes, at + i);
    }
  }
}
