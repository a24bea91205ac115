package phiquant.run.matrix;

import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The shapes that the kernels work in: vectors of floats as wide as the machine likes, and of bytes
 * or shorts that become one vector of floats, or several where the smallest vector of bytes has
 * more lanes.
 */
final class Lanes {
  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

  /** Floats of a vector: 4, 8 or 16. */
  static final int COUNT = FLOATS.length();

  /** Bytes that are loaded at once: 8, or 16 with 512 bits. */
  static final VectorSpecies<Byte> BYTES =
      COUNT > 8 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

  /** One long, or the same twice, of the size of those bytes. */
  static final VectorSpecies<Long> LONGS =
      COUNT > 8 ? LongVector.SPECIES_128 : LongVector.SPECIES_64;

  static final int BYTE_COUNT = BYTES.length();

  /** Vectors of floats that those bytes become. */
  static final int PARTS = BYTE_COUNT / COUNT;

  /** As many shorts as a vector has floats. */
  static final VectorSpecies<Short> SHORTS =
      COUNT > 8
          ? ShortVector.SPECIES_256
          : COUNT > 4 ? ShortVector.SPECIES_128 : ShortVector.SPECIES_64;

  static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private Lanes() {}
}
