package phiquant.quant.wide;

import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.NE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.FloatType;

/** {@link FloatType#round} of many floats at once, with the Vector API. */
public final class VectorRounding {
  /** As wide as the machine, but not wider than the smallest group: 16 floats. */
  public static final VectorSpecies<Float> SPECIES =
      FloatVector.SPECIES_PREFERRED.length() > 16
          ? FloatVector.SPECIES_512
          : FloatVector.SPECIES_PREFERRED;

  /** Floats to round at once: a whole number of groups that stays in the first-level cache. */
  public static final int CHUNK = 1024;

  private VectorRounding() {}

  /** Rounds {@code count} floats, a multiple of 16, from {@code x[from]} into {@code out}. */
  public static void round(FloatType type, float[] x, int from, int count, float[] out) {
    if (type != FloatType.BFLOAT16) {
      // The compiler has an instruction for half floats and uses it in this plain loop.
      type.round(x, from, count, out);
      return;
    }
    for (int i = 0; i < count; i += SPECIES.length()) {
      FloatVector v = FloatVector.fromArray(SPECIES, x, from + i);
      IntVector bits = v.reinterpretAsInts();
      IntVector odd = bits.lanewise(LSHR, 16).and(1);
      IntVector rounded = bits.add(0x7FFF).add(odd).and(0xFFFF0000);
      rounded
          .blend(bits.or(0x400000).and(0xFFFF0000), v.compare(NE, v).cast(bits.species()))
          .reinterpretAsFloats()
          .intoArray(out, i);
    }
  }
}
