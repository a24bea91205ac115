package phiquant.run.matrix;

import static phiquant.run.matrix.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the kernels have in common that multiply packed codes with int8 activations (see {@link
 * DigitPacking}): vectors of 512 bits, or of 256 where there are no wider ones, in which shorts
 * with sums of products become half as many floats. Parts are 16 bytes of such a vector: eight
 * shorts, four floats.
 *
 * <p>These kernels spell everything out: C2 does not inline a method into one that has grown by
 * dozens of vector operations, and a vector that is passed to it would become an object. They read
 * a block's head as few long numbers, because the bounds of every access are checked. Two distant
 * rows take turns, block by block: large matrices are multiplied faster so, presumably because one
 * goes on where the other waits for memory.
 */
public final class Products {
  /** Whether vectors have 512 bits. */
  public static final boolean WIDE = COUNT >= 16;

  public static final VectorSpecies<Short> SHORTS =
      WIDE ? ShortVector.SPECIES_512 : ShortVector.SPECIES_256;
  public static final VectorSpecies<Integer> INTS =
      WIDE ? IntVector.SPECIES_512 : IntVector.SPECIES_256;
  public static final VectorSpecies<Float> FLOATS =
      WIDE ? FloatVector.SPECIES_512 : FloatVector.SPECIES_256;

  /** Shorts of a vector. */
  public static final int LANES = WIDE ? 32 : 16;

  /** Parts of a vector. */
  public static final int PARTS = LANES / 8;

  /** The second of two parts, or the second and fourth. */
  public static final VectorMask<Integer> ODD = VectorMask.fromLong(INTS, 0xf0f0);

  /**
   * {@code (high · 2^16 + low) · (2^16 + 1)} has the sum of two shorts in its upper half, {@link
   * #UPPER}; as a float that is 2^16 times the sum, which {@link #UNIT} makes up for.
   */
  public static final int ADD = 0x10001;

  public static final int UPPER = 0xffff0000;
  public static final float UNIT = 0x1p-16f;

  private Products() {}

  /**
   * The packing that these kernels want, or none where vectors have less than 256 bits or rows end
   * within 128 weights.
   */
  public static DigitPacking packing(DigitPacking packing, int columns) {
    return COUNT >= 8 && columns % 128 == 0 ? packing : DigitPacking.NONE;
  }
}
