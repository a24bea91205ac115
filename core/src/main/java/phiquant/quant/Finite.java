package phiquant.quant;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Finds NaN and infinite weights, which no quantized format can hold. Without their sign, the bits
 * of floats rise with their magnitude, and infinity and NaN come last; so the largest tells.
 */
public final class Finite {
  private static final int MAGNITUDE = 0x7fffffff;
  private static final int INFINITY = 0x7f800000;

  /** For fewer numbers plain code is better: vectors are very slow until they are compiled. */
  private static final int MANY = 1 << 13;

  private Finite() {}

  /** Whether the first {@code count} floats are. */
  public static boolean all(float[] x, int count) {
    int done = VectorSupport.available() && count >= MANY ? count - count % Wide.STEP : 0;
    int largest = done > 0 ? Wide.largest(x, done) : 0;
    for (int i = done; i < count; i++) {
      largest = Math.max(largest, Float.floatToRawIntBits(x[i]) & MAGNITUDE);
    }
    return largest < INFINITY;
  }

  /** The same with vectors; two at a time, for the processor has more than one unit. */
  private static final class Wide {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = FLOATS.length();
    static final int STEP = 2 * LANES;

    static int largest(float[] x, int count) {
      IntVector first = IntVector.zero(IntVector.SPECIES_PREFERRED);
      IntVector second = first;
      for (int i = 0; i < count; i += STEP) {
        IntVector a = FloatVector.fromArray(FLOATS, x, i).reinterpretAsInts();
        IntVector b = FloatVector.fromArray(FLOATS, x, i + LANES).reinterpretAsInts();
        first = a.and(MAGNITUDE).max(first);
        second = b.and(MAGNITUDE).max(second);
      }
      return first.max(second).reduceLanes(VectorOperators.MAX);
    }
  }
}
