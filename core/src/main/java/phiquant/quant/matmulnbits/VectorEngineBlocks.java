package phiquant.quant.matmulnbits;

import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LT;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.MIN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link EngineBlocks} with the Vector API. Minimum and maximum do not depend on an order, so the
 * bytes are the same at every width.
 */
final class VectorEngineBlocks implements Blocks {
  private static final VectorSpecies<Float> SPECIES = VectorEngineCodes.SPECIES;

  private final VectorEngineCodes engineCodes = new VectorEngineCodes();

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
    float[] range = new float[2];
    for (int b = 0; b < count; b++) {
      range(x, from + b * format.block(), format.block(), range);
      EngineBlocks.grid(format, range[0], range[1], scales, zeroPoints, at + b);
    }
    engineCodes.quantize(format, x, from, count, codes, scales, zeroPoints, at);
  }

  @Override
  public boolean pack(
      NBitsFormat format, float[] x, float[] scales, int[] zeroPoints, MemorySegment out) {
    if (format.block() % 32 != 0) {
      return false;
    }
    new EngineRows(format).encode(x, scales, zeroPoints, out);
    return true;
  }

  /** Minimum and maximum of {@code count} weights, a multiple of 16. */
  static void range(float[] x, int from, int count, float[] range) {
    FloatVector min = FloatVector.fromArray(SPECIES, x, from);
    FloatVector max = min;
    for (int i = SPECIES.length(); i < count; i += SPECIES.length()) {
      FloatVector v = FloatVector.fromArray(SPECIES, x, from + i);
      // Says what it is; the package of numbers tells why.
      min = (FloatVector) SPECIES.vectorType().cast(min);
      max = (FloatVector) SPECIES.vectorType().cast(max);
      min = min.blend(v, v.compare(LT, min));
      max = max.blend(v, v.compare(GT, max));
    }
    range[0] = min.reduceLanes(MIN);
    range[1] = max.reduceLanes(MAX);
    if (range[0] == range[1]) {
      // Zeros may differ in their sign; then the first one counts.
      range[0] = x[from];
      range[1] = x[from];
    }
  }
}
