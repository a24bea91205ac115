package phiquant.run.matrix;

import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The shapes that the kernels work in: vectors of floats as wide as the machine likes, and of bytes
 * or shorts that become one vector of floats, or several where the smallest vector of bytes has
 * more lanes.
 *
 * <p>No kernel passes vectors to another method, and each has few loops that carry vectors: C2 puts
 * those into objects that it does not see through, and a hundred times slower code is the result.
 */
public final class Lanes {
  public static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  public static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;

  /** Floats of a vector: 4, 8 or 16. */
  public static final int COUNT = FLOATS.length();

  /** Bytes that become vectors of floats at once: 8, or 16 with 512 bits. */
  public static final VectorSpecies<Byte> BYTES =
      COUNT > 8 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;

  public static final int BYTE_COUNT = BYTES.length();

  /** Vectors of floats that those bytes become. */
  public static final int PARTS = BYTE_COUNT / COUNT;

  /**
   * Packed bytes, as ints: bits are moved about four bytes at a time. Loaded as ints, because C2
   * does not keep a vector of bytes in a register that is shifted as ints.
   */
  public static final VectorSpecies<Integer> PACKED =
      COUNT > 4 ? IntVector.SPECIES_256 : IntVector.SPECIES_128;

  public static final int PACKED_BYTES = 4 * PACKED.length();

  /** As many shorts as a vector has floats. */
  public static final VectorSpecies<Short> SHORTS =
      COUNT > 8
          ? ShortVector.SPECIES_256
          : COUNT > 4 ? ShortVector.SPECIES_128 : ShortVector.SPECIES_64;

  /** Eight floats, or the machine's fewer. */
  public static final VectorSpecies<Float> EIGHT = COUNT > 8 ? FloatVector.SPECIES_256 : FLOATS;

  public static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  private Lanes() {}
}
