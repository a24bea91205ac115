package phiquant.quant.wide;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.Packing;

/**
 * Codes on their way from lanes to the bytes of {@link Packing}. Four vectors of codes that follow
 * one another share a vector of integers, a byte of each lane for each of them: a quad. So codes
 * are narrowed by shifts where they are made, a quad is stored where four vectors were, and what is
 * left to packing is one shuffle of bytes that the compiler knows.
 *
 * <p>Who makes quads takes no help from methods that are given vectors: past a number of nodes the
 * compiler inlines no more methods but the Vector API's own, and a vector that crosses a call is an
 * object.
 *
 * <p>Vectors are of 256 bits at most: shuffling 64 bytes needs instructions (VBMI) that many
 * processors with 512 bits do not have.
 */
public final class Quads {
  /** Of floats, as wide as the machine but not wider than 8 lanes. */
  public static final VectorSpecies<Float> FLOATS =
      FloatVector.SPECIES_PREFERRED.length() > 8
          ? FloatVector.SPECIES_256
          : FloatVector.SPECIES_PREFERRED;

  /** Integers of the same width. */
  public static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);

  /** Floats in a vector: 8 or 4; in the smallest vectors 2. */
  public static final int LANES = FLOATS.length();

  /** Codes in a quad. */
  public static final int UNIT = 4 * LANES;

  /**
   * Adding it (or an even number more) rounds a float below 2^22 to even, and leaves the integer in
   * its lowest bits.
   */
  public static final float ROUND = 12582912f;

  /** What a level of zero becomes when it is rounded so. */
  public static final int ZERO = Float.floatToRawIntBits(ROUND);

  /** What four such zeros add up to in a quad. */
  public static final int ZEROS = ZERO + (ZERO << 8) + (ZERO << 16) + (ZERO << 24);

  /** Bytes of the same width. */
  public static final VectorSpecies<Byte> BYTES = FLOATS.withLanes(byte.class);

  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /**
   * Lane i of a quad has code i of four vectors; so code {@code vector * LANES + lane} is there.
   */
  private static final VectorShuffle<Byte> IN_ORDER =
      VectorShuffle.fromOp(BYTES, code -> code % LANES * 4 + code / LANES);

  /** Two lanes of two quads, as pairs of codes in eight bytes; likewise. */
  private static final VectorShuffle<Byte> PAIRS_IN_ORDER =
      VectorShuffle.fromOp(BYTES, pair -> pair % (LANES / 2) * 8 + pair / (LANES / 2));

  private static final long LOW = 0x00FF00FF00FF00FFL;
  private static final long PAIRS = 0x0000FFFF0000FFFFL;
  private static final long HALF = 0x00000000FFFFFFFFL;

  private final int bits;
  private final int[] quads;
  private final long[] closed;
  private final byte[] packed;

  /**
   * Space.
   *
   * @param codes how many at most, a multiple of {@link #UNIT}
   * @param bits of a code: 2, 3, 4, 5, 6 or 8
   */
  public Quads(int codes, int bits) {
    this.bits = bits;
    // One quad more, for those of four bits are packed by twos.
    this.quads = new int[codes / 4 + LANES];
    this.closed = new long[LANES / 2];
    this.packed = new byte[codes / 8 * bits + UNIT];
  }

  /** Where quads lie: that of code {@code i}, a multiple of {@link #UNIT}, from {@code i / 4}. */
  public int[] array() {
    return quads;
  }

  /**
   * Makes quads of codes that have an integer each.
   *
   * @param count of codes, from the first on; rounded up to whole quads
   */
  public void take(int[] codes, int count) {
    for (int i = 0; i < count; i += UNIT) {
      IntVector a = IntVector.fromArray(INTS, codes, i);
      IntVector b = IntVector.fromArray(INTS, codes, i + LANES).lanewise(LSHL, 8);
      IntVector c = IntVector.fromArray(INTS, codes, i + 2 * LANES).lanewise(LSHL, 16);
      IntVector d = IntVector.fromArray(INTS, codes, i + 3 * LANES).lanewise(LSHL, 24);
      a.or(b).or(c.or(d)).intoArray(quads, i / 4);
    }
  }

  /** Puts a single code to its place. */
  public void put(int i, int code) {
    int at = i / UNIT * LANES + i % LANES;
    int shift = i % UNIT / LANES * 8;
    quads[at] = quads[at] & ~(0xFF << shift) | code << shift;
  }

  /** Packs {@code count} codes, a multiple of 16, to byte {@code at}. */
  public void pack(int count, MemorySegment out, long at) {
    switch (bits) {
      case 8 -> bytes(count);
      case 4 -> nibbles(count);
      default -> close(count);
    }
    MemorySegment.copy(packed, 0, out, ValueLayout.JAVA_BYTE, at, count / 8 * bits);
  }

  private void bytes(int count) {
    for (int i = 0; i < count; i += UNIT) {
      IntVector quad = IntVector.fromArray(INTS, quads, i / 4);
      quad.reinterpretAsBytes().rearrange(IN_ORDER).intoArray(packed, i);
    }
  }

  /** Neighbouring lanes are neighbouring codes, so a shift brings four pairs together at once. */
  private void nibbles(int count) {
    for (int i = 0; i < count; i += 2 * UNIT) {
      LongVector a = IntVector.fromArray(INTS, quads, i / 4).reinterpretAsLongs();
      LongVector b = IntVector.fromArray(INTS, quads, i / 4 + LANES).reinterpretAsLongs();
      a = a.or(a.lanewise(LSHR, 28)).and(HALF);
      b = b.or(b.lanewise(LSHR, 28)).lanewise(LSHL, 32);
      a.or(b).reinterpretAsBytes().rearrange(PAIRS_IN_ORDER).intoArray(packed, i / 2);
    }
  }

  /** Bytes close up to pairs, pairs to fours, fours to eights. */
  private void close(int count) {
    int gap = 8 - bits;
    for (int i = 0; i < count; i += UNIT) {
      ByteVector quad = IntVector.fromArray(INTS, quads, i / 4).reinterpretAsBytes();
      LongVector eight = quad.rearrange(IN_ORDER).reinterpretAsLongs();
      eight = eight.and(LOW).or(eight.and(~LOW).lanewise(LSHR, gap));
      eight = eight.and(PAIRS).or(eight.and(~PAIRS).lanewise(LSHR, 2 * gap));
      eight = eight.and(HALF).or(eight.lanewise(LSHR, 32).lanewise(LSHL, 4 * bits));
      eight.intoArray(closed, 0);
      for (int k = 0, to = i / 8 * bits; k < LANES / 2; k++, to += bits) {
        // The bytes beyond belong to the next eight, which overwrite them.
        LONG.set(packed, to, closed[k]);
      }
    }
  }
}
