package phiquant.run.matrix.ggml;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.NonLinear;
import phiquant.run.matrix.Cuts;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * ggml's formats whose 4-bit codes choose from a table of sixteen bytes, in groups of 32: weight i
 * in the low half of byte i, weight i + 16 in its high half. IQ4_NL has d as f16 before each group,
 * MXFP4 a power of two; IQ4_XS has blocks of eight groups with d as f16 and eight scales of six
 * bits.
 */
final class Table implements Unpacking {
  private final MemorySegment blocks;
  private final GgmlType type;
  private final byte[] table = new byte[16];

  Table(MemorySegment blocks, GgmlType type) {
    this.blocks = blocks;
    this.type = type;
    // E2M1's values, doubled.
    int[] small = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};
    for (int i = 0; i < 16; i++) {
      table[i] = (byte) (type == GgmlType.MXFP4 ? small[i] : NonLinear.VALUES[i]);
    }
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    MemorySegment in = blocks;
    long at = first / type.blockSize() * type.blockBytes();
    for (int g = 0; g < count / 32; g++) {
      switch (type) {
        case IQ4_XS -> {
          long block = at + (long) (g / 8) * type.blockBytes();
          group(block + 8 + 16 * (g % 8), 32 * g, out.codes);
          out.scales[g] = GgmlBlock.half(in, block) * (sixBits(block, g % 8) - 32);
        }
        case MXFP4 -> {
          long block = at + (long) g * type.blockBytes();
          group(block + 1, 32 * g, out.codes);
          out.scales[g] = Math.scalb(1f, (in.get(JAVA_BYTE, block) & 255) - 128);
        }
        default -> {
          long block = at + (long) g * type.blockBytes();
          group(block + 2, 32 * g, out.codes);
          out.scales[g] = GgmlBlock.half(in, block);
        }
      }
    }
  }

  /** Scale b of an IQ4_XS block: low four bits in a half byte, upper two in a short. */
  private int sixBits(long block, int b) {
    int low = blocks.get(JAVA_BYTE, block + 4 + b / 2) >> 4 * (b % 2) & 15;
    return low | (blocks.get(JAVA_SHORT_UNALIGNED, block + 2) >> 2 * b & 3) << 4;
  }

  private void group(long at, int to, byte[] codes) {
    Cuts.survive(blocks, at);
    ByteVector values = ByteVector.fromArray(ByteVector.SPECIES_128, table, 0);
    IntVector q = IntVector.fromMemorySegment(IntVector.SPECIES_128, blocks, at, ORDER);
    q.and(0x0f0f0f0f).reinterpretAsBytes().selectFrom(values).intoArray(codes, to);
    q.lanewise(VectorOperators.LSHR, 4)
        .and(0x0f0f0f0f)
        .reinterpretAsBytes()
        .selectFrom(values)
        .intoArray(codes, to + 16);
  }
}
