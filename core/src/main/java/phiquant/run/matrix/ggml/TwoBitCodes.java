package phiquant.run.matrix.ggml;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static phiquant.run.matrix.Lanes.ORDER;
import static phiquant.run.matrix.Lanes.PACKED;
import static phiquant.run.matrix.Lanes.PACKED_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * Q2_K and Q3_K: sixteen groups of 16 with two bits of every code in 64 bytes, byte 32h + i holding
 * those of weights 128h + i, + 32, + 64 and + 96. Q2_K: {@code w = d · s · q - m · t}; 16 bytes of
 * scales s (low halves) and minimums t (high halves), the codes, d and m as f16. Q3_K: {@code w = d
 * · (s - 32) · (q - 4)}; 32 bytes with the third bits (bit g of byte i belongs to weight 32g + i),
 * the codes, 12 bytes of scales, d as f16.
 */
record TwoBitCodes(MemorySegment blocks, boolean hasThird) implements Unpacking {
  @Override
  public int group() {
    return 16;
  }

  @Override
  public boolean hasOffsets() {
    return !hasThird;
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    int size = hasThird ? 110 : 84;
    long at = first / 256 * size;
    for (int b = 0; b < count / 256; b++, at += size) {
      if (hasThird) {
        scales3(at, 16 * b, out);
        codes(at + 32, at, 256 * b, out.codes);
      } else {
        scales2(at, 16 * b, out);
        codes(at + 16, -1, 256 * b, out.codes);
      }
    }
  }

  /** Codes of a block; third bits are at {@code third}, or nowhere if that is negative. */
  private void codes(long at, long third, int to, byte[] codes) {
    MemorySegment in = blocks;
    for (int g = 0; g < 8; g++) {
      int shift = 2 * (g % 4);
      Cuts.survive(in, at);
      for (int i = 0; i < 32; i += PACKED_BYTES) {
        IntVector q =
            IntVector.fromMemorySegment(PACKED, in, at + 32 * (g / 4) + i, ORDER)
                .lanewise(VectorOperators.LSHR, shift)
                .and(0x03030303);
        if (third < 0) {
          q.reinterpretAsBytes().intoArray(codes, to + 32 * g + i);
        } else {
          IntVector upper =
              IntVector.fromMemorySegment(PACKED, in, third + i, ORDER)
                  .lanewise(VectorOperators.LSHR, g)
                  .and(0x01010101)
                  .lanewise(VectorOperators.LSHL, 2);
          q.or(upper).reinterpretAsBytes().sub((byte) 4).intoArray(codes, to + 32 * g + i);
        }
      }
    }
  }

  private void scales2(long at, int to, Codes out) {
    float d = GgmlBlock.half(blocks, at + 80);
    float m = -GgmlBlock.half(blocks, at + 82);
    for (int g = 0; g < 16; g++) {
      int both = blocks.get(JAVA_BYTE, at + g);
      out.scales[to + g] = d * (both & 15);
      out.offsets[to + g] = m * (both >> 4 & 15);
    }
  }

  private void scales3(long at, int to, Codes out) {
    float d = GgmlBlock.half(blocks, at + 108);
    for (int g = 0; g < 16; g++) {
      int low = blocks.get(JAVA_BYTE, at + 96 + g % 8) >> 4 * (g / 8) & 15;
      int upper = blocks.get(JAVA_BYTE, at + 104 + g % 4) >> 2 * (g / 4) & 3;
      out.scales[to + g] = d * ((low | upper << 4) - 32);
    }
  }
}
