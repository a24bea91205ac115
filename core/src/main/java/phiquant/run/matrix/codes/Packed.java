package phiquant.run.matrix.codes;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.run.matrix.Cuts;

/**
 * Codes of 2 to 8 bits in the order of the weights, the first in the lowest bits of a byte: how
 * MLX, MatMulNBits and OpenVINO pack them. They are unpacked to a signed byte each.
 *
 * @param bits of a code; where they are not 4 or 8, codes are one stream of bits
 * @param signed whether codes of 4 or 8 bits are in two's complement; if not, codes of eight bits
 *     come out less {@link #shift}
 */
public record Packed(MemorySegment codes, int bits, boolean signed) {
  private static final VectorSpecies<Byte> HALF =
      COUNT > 4 ? ByteVector.SPECIES_128 : ByteVector.SPECIES_64;
  private static final VectorSpecies<Short> WIDE =
      COUNT > 4 ? ShortVector.SPECIES_256 : ShortVector.SPECIES_128;
  private static final VectorSpecies<Byte> WHOLE =
      COUNT > 4 ? ByteVector.SPECIES_256 : ByteVector.SPECIES_128;

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);
  private static final VarHandle EIGHT = MethodHandles.byteArrayViewVarHandle(long[].class, ORDER);

  /** What codes come out less than they are: signed bytes do not hold unsigned ones. */
  public int shift() {
    return bits == 8 && !signed ? 128 : 0;
  }

  /**
   * Unpacks codes.
   *
   * @param first a multiple of 32, like count
   */
  public void unpack(long first, int count, byte[] out) {
    if (bits == 8) {
      bytes(first, count, out);
    } else if (bits == 4) {
      nibbles(first / 2, count, out);
    } else {
      stream(first / 8 * bits, count, out);
    }
  }

  /** A code of 2, 4 or 8 bits that stands alone, such as a zero point, as unsigned. */
  public static int single(MemorySegment packed, int bits, long index) {
    long bit = index * bits;
    return packed.get(JAVA_BYTE, bit / 8) >> (int) (bit % 8) & (1 << bits) - 1;
  }

  private void bytes(long at, int count, byte[] out) {
    byte flip = (byte) shift();
    for (int i = 0; i < count; i += WHOLE.length()) {
      Cuts.survive(codes, at);
      ByteVector.fromMemorySegment(WHOLE, codes, at + i, ORDER)
          .lanewise(VectorOperators.XOR, flip)
          .intoArray(out, i);
    }
  }

  /** A byte as a short is one nibble above the other; a shift moves the upper one to a byte. */
  private void nibbles(long at, int count, byte[] out) {
    byte flip = (byte) (signed ? 8 : 0);
    for (int i = 0; i < count; i += WHOLE.length()) {
      Cuts.survive(codes, at);
      ShortVector pairs =
          (ShortVector)
              ByteVector.fromMemorySegment(HALF, codes, at + i / 2, ORDER)
                  .convertShape(VectorOperators.ZERO_EXTEND_B2S, WIDE, 0);
      pairs
          .or(pairs.lanewise(VectorOperators.LSHL, 4))
          .and((short) 0x0f0f)
          .reinterpretAsBytes()
          .lanewise(VectorOperators.XOR, flip)
          .sub(flip)
          .intoArray(out, i);
    }
  }

  /** Eight codes are as many bytes as a code has bits, which are spread over eight bytes. */
  private void stream(long at, int count, byte[] out) {
    long places = ((1 << bits) - 1) * 0x0101010101010101L;
    for (int i = 0; i < count; i += 8, at += bits) {
      EIGHT.set(out, i, Long.expand(word(at), places));
    }
  }

  /** Eight bytes, or what is left of them. */
  private long word(long at) {
    if (at + 8 <= codes.byteSize()) {
      return codes.get(WORD, at);
    }
    long word = 0;
    for (int i = 0; i < bits; i++) {
      word |= (codes.get(JAVA_BYTE, at + i) & 255L) << 8 * i;
    }
    return word;
  }
}
