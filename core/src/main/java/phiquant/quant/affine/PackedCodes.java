package phiquant.quant.affine;

import static jdk.incubator.vector.VectorOperators.I2B;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.Packing;

/**
 * {@link Packing} for many codes at once, in arrays: codes become bytes, then eight bytes in a long
 * close up in three steps, many longs at a time, and one copy takes all to their segment. Each code
 * by itself would cost as much as making it.
 */
final class PackedCodes {
  private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = VectorRounding.SPECIES.withLanes(int.class);
  private static final VectorSpecies<Byte> QUARTER =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, INTS.vectorBitSize() / 4)));
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long LOW = 0x00FF00FF00FF00FFL;
  private static final long PAIRS = 0x0000FFFF0000FFFFL;
  private static final long HALF = 0x00000000FFFFFFFFL;

  private final int bits;
  private final byte[] narrow;
  private final long[] closed;
  private final byte[] packed;

  /** Space for {@code codes} codes, a multiple of every vector's length (64). */
  PackedCodes(int codes, int bits) {
    this.bits = bits;
    this.narrow = new byte[codes + 8];
    this.closed = new long[codes / 8];
    this.packed = new byte[codes / 8 * bits + 8];
  }

  /** Packs {@code count} codes, a multiple of 16, at byte {@code at}. */
  void pack(int[] codes, int count, MemorySegment out, long at) {
    narrow(codes, count);
    if (bits == 8) {
      MemorySegment.copy(narrow, 0, out, ValueLayout.JAVA_BYTE, at, count);
      return;
    }
    close(count);
    for (int i = 0, to = 0; i < count / 8; i++, to += bits) {
      // The bytes beyond belong to the next eight, which overwrite them.
      LONG.set(packed, to, closed[i]);
    }
    MemorySegment.copy(packed, 0, out, ValueLayout.JAVA_BYTE, at, count / 8 * bits);
  }

  /** In the smallest vectors half of what is written is nothing, and overwritten by the next. */
  private void narrow(int[] codes, int count) {
    for (int i = 0; i < count; i += INTS.length()) {
      IntVector wide = IntVector.fromArray(INTS, codes, i);
      ((ByteVector) wide.convertShape(I2B, QUARTER, 0)).intoArray(narrow, i);
    }
  }

  /** Bytes close up to pairs, pairs to fours, fours to eights. */
  private void close(int count) {
    int gap = 8 - bits;
    for (int i = 0; i < count; i += BYTES.length()) {
      LongVector eight = ByteVector.fromArray(BYTES, narrow, i).reinterpretAsLongs();
      eight = eight.and(LOW).or(eight.and(~LOW).lanewise(LSHR, gap));
      eight = eight.and(PAIRS).or(eight.and(~PAIRS).lanewise(LSHR, 2 * gap));
      eight = eight.and(HALF).or(eight.lanewise(LSHR, 32).lanewise(LSHL, 4 * bits));
      eight.intoArray(closed, i / 8);
    }
  }
}
