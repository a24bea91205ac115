package phiquant.run.matrix.ggml;

import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PACKED;
import static phiquant.run.matrix.Lanes.PACKED_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/** Q4_K's codes, scales and offsets (see {@link Q4KMatrix}). */
record Q4KCodes(MemorySegment blocks) implements Unpacking {
  private static final int BLOCK = 144;

  @Override
  public int bits() {
    return 4;
  }

  @Override
  public int centre() {
    return 8;
  }

  @Override
  public boolean hasOffsets() {
    return true;
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    MemorySegment in = blocks;
    byte[] codes = out.codes;
    long at = first / 256 * BLOCK;
    for (int b = 0; b < count / 256; b++) {
      SixBits.unpack(in, at + (long) b * BLOCK, out.scales, out.offsets, 8 * b);
    }
    for (int pair = 0; pair < count / 64; pair++) {
      long start = at + BLOCK * (pair >> 2) + 16 + 32 * (pair & 3);
      Cuts.survive(in, start);
      for (int i = 0; i < 32; i += PACKED_BYTES) {
        IntVector q = IntVector.fromMemorySegment(PACKED, in, start + i, ORDER);
        q.and(0x0f0f0f0f).reinterpretAsBytes().intoArray(codes, 64 * pair + i);
        q.lanewise(VectorOperators.LSHR, 4)
            .and(0x0f0f0f0f)
            .reinterpretAsBytes()
            .intoArray(codes, 64 * pair + 32 + i);
      }
    }
  }
}
