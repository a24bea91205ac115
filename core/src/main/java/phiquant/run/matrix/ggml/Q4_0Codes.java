package phiquant.run.matrix.ggml;

import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/** Q4_0's codes and scales (see {@link Q4_0Matrix}). */
record Q4_0Codes(MemorySegment blocks) implements Unpacking {
  private static final int BLOCK = 18;

  @Override
  public int bits() {
    return 4;
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    MemorySegment in = blocks;
    long at = first / 32 * BLOCK;
    for (int b = 0; b < count / 32; b++, at += BLOCK) {
      out.scales[b] = GgmlBlock.half(in, at);
      IntVector q = IntVector.fromMemorySegment(IntVector.SPECIES_128, in, at + 2, ORDER);
      q.and(0x0f0f0f0f).reinterpretAsBytes().sub((byte) 8).intoArray(out.codes, 32 * b);
      q.lanewise(VectorOperators.LSHR, 4)
          .and(0x0f0f0f0f)
          .reinterpretAsBytes()
          .sub((byte) 8)
          .intoArray(out.codes, 32 * b + 16);
    }
  }
}
