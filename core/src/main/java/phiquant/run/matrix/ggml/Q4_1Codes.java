package phiquant.run.matrix.ggml;

import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * Q4_1: {@code w = d · q + m}. A block of 32 weights has d and m as f16 and 16 bytes: weight i in
 * the low half of byte i, weight i + 16 in its high half.
 */
record Q4_1Codes(MemorySegment blocks) implements Unpacking {
  private static final int BLOCK = 20;

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
    long at = first / 32 * BLOCK;
    for (int b = 0; b < count / 32; b++, at += BLOCK) {
      out.scales[b] = GgmlBlock.half(in, at);
      out.offsets[b] = GgmlBlock.half(in, at + 2);
      IntVector q = IntVector.fromMemorySegment(IntVector.SPECIES_128, in, at + 4, ORDER);
      q.and(0x0f0f0f0f).reinterpretAsBytes().intoArray(out.codes, 32 * b);
      q.lanewise(VectorOperators.LSHR, 4)
          .and(0x0f0f0f0f)
          .reinterpretAsBytes()
          .intoArray(out.codes, 32 * b + 16);
    }
  }
}
