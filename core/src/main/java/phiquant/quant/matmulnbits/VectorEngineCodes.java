package phiquant.quant.matmulnbits;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;

/** {@link EngineCodes} with the Vector API: several weights of a block at once. */
final class VectorEngineCodes implements Blocks {
  /** As wide as the machine, but not wider than the smallest block: 16 floats. */
  static final VectorSpecies<Float> SPECIES =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);

  /** Adding 2^23 leaves a float from 0 to 2^22 rounded to even in its lowest bits. */
  private static final float INTEGER = 0x1p23f;

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
    float top = format.top();
    for (int b = 0; b < count; b++) {
      float inverse = EngineCodes.inverse(scales[at + b]);
      float zeroPoint = zeroPoints[at + b];
      for (int i = b * block; i < (b + 1) * block; i += SPECIES.length()) {
        FloatVector level = FloatVector.fromArray(SPECIES, x, from + i).mul(inverse).add(zeroPoint);
        // The first blend also turns what is not a number into 0.
        level = FloatVector.zero(SPECIES).blend(level, level.compare(GE, 0f));
        level = level.blend(top, level.compare(GE, top));
        FloatVector even = level.add(INTEGER);
        IntVector code = even.reinterpretAsInts().and(0xFF);
        // A tie that went down to the even code goes up instead.
        code.add(1, level.sub(even.sub(INTEGER)).compare(EQ, 0.5f).cast(INTS)).intoArray(codes, i);
      }
    }
  }
}
