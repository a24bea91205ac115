package phiquant.run.matrix.ggml;

import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PACKED;
import static phiquant.run.matrix.Lanes.PACKED_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * Q5_K: as Q4_K (see {@link Q4KMatrix}), with 32 bytes of fifth bits between: bit g of byte i
 * belongs to weight 32g + i.
 */
record Q5KCodes(MemorySegment blocks) implements Unpacking {
  private static final int BLOCK = 176;

  @Override
  public int bits() {
    return 5;
  }

  @Override
  public int centre() {
    return 16;
  }

  @Override
  public boolean hasOffsets() {
    return true;
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    MemorySegment in = blocks;
    long at = first / 256 * BLOCK;
    for (int b = 0; b < count / 256; b++) {
      SixBits.unpack(in, at + (long) b * BLOCK, out.scales, out.offsets, 8 * b);
    }
    byte[] codes = out.codes;
    for (int pair = 0; pair < count / 64; pair++) {
      long block = at + BLOCK * (pair >> 2);
      int shift = 2 * (pair & 3);
      for (int i = 0; i < 32; i += PACKED_BYTES) {
        long start = block + 48 + 32 * (pair & 3) + i;
        IntVector q = IntVector.fromMemorySegment(PACKED, in, start, ORDER);
        IntVector fifth =
            IntVector.fromMemorySegment(PACKED, in, block + 16 + i, ORDER)
                .lanewise(VectorOperators.LSHR, shift);
        q.and(0x0f0f0f0f)
            .or(fifth.and(0x01010101).lanewise(VectorOperators.LSHL, 4))
            .reinterpretAsBytes()
            .intoArray(codes, 64 * pair + i);
        q.lanewise(VectorOperators.LSHR, 4)
            .and(0x0f0f0f0f)
            .or(fifth.and(0x02020202).lanewise(VectorOperators.LSHL, 3))
            .reinterpretAsBytes()
            .intoArray(codes, 64 * pair + 32 + i);
      }
    }
  }
}
