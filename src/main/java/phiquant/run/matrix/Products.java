package phiquant.run.matrix;

import static phiquant.run.matrix.Lanes.COUNT;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the kernels have in common that multiply packed codes with int8 activations (see {@link
 * Packing}): vectors of 256 bits, in which sixteen shorts with sums of products become eight
 * floats.
 *
 * <p>These kernels spell everything out: C2 does not inline a method into one that has grown by
 * dozens of vector operations, and a vector that is passed to it would become an object. Their
 * loops have bodies of 128 weights for the same reason.
 */
final class Products {
  static final VectorSpecies<Short> SHORTS = ShortVector.SPECIES_256;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_256;
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_256;

  /** Floats of four groups. */
  static final VectorSpecies<Float> FOUR = FloatVector.SPECIES_128;

  /**
   * {@code (high · 2^16 + low) · (2^16 + 1)} has the sum of two shorts in its upper half, {@link
   * #UPPER}; as a float that is 2^16 times the sum, which {@link #UNIT} makes up for.
   */
  static final int ADD = 0x10001;

  static final int UPPER = 0xffff0000;
  static final float UNIT = 0x1p-16f;

  /** One of the first four scales in all lanes. */
  static final VectorShuffle<Float> ALL0 = VectorShuffle.fromOp(FLOATS, i -> 0);

  static final VectorShuffle<Float> ALL1 = VectorShuffle.fromOp(FLOATS, i -> 1);
  static final VectorShuffle<Float> ALL2 = VectorShuffle.fromOp(FLOATS, i -> 2);
  static final VectorShuffle<Float> ALL3 = VectorShuffle.fromOp(FLOATS, i -> 3);

  /** Two of the eight scales in four lanes each. */
  static final VectorShuffle<Float> HALVES0 = VectorShuffle.fromOp(FLOATS, i -> i / 4);

  static final VectorShuffle<Float> HALVES1 = VectorShuffle.fromOp(FLOATS, i -> 2 + i / 4);
  static final VectorShuffle<Float> HALVES2 = VectorShuffle.fromOp(FLOATS, i -> 4 + i / 4);
  static final VectorShuffle<Float> HALVES3 = VectorShuffle.fromOp(FLOATS, i -> 6 + i / 4);

  private Products() {}

  /**
   * The packing that these kernels want, or none where vectors have less than 256 bits or rows end
   * within 128 weights.
   */
  static Packing packing(Packing packing, int columns) {
    return COUNT >= 8 && columns % 128 == 0 ? packing : Packing.NONE;
  }
}
