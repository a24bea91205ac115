package phiquant.run.matrix.ggml;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static phiquant.run.matrix.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * ggml's 5-bit integers in blocks of 32. Q5_0: {@code w = d · (q - 16)}, d as f16, an int with the
 * fifth bits, and 16 bytes: weight i in the low half of byte i, weight i + 16 in its high half.
 * Q5_1: {@code w = d · q + m}, m as f16 after d.
 */
record Fives(MemorySegment blocks, boolean hasOffsets) implements Unpacking {
  @Override
  public int bits() {
    return 5;
  }

  @Override
  public int centre() {
    return hasOffsets ? 16 : 0;
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    MemorySegment in = blocks;
    int header = hasOffsets ? 4 : 2;
    byte zero = (byte) (hasOffsets ? 0 : 16);
    long at = first / 32 * (header + 20);
    for (int b = 0; b < count / 32; b++, at += header + 20) {
      out.scales[b] = GgmlBlock.half(in, at);
      if (hasOffsets) {
        out.offsets[b] = GgmlBlock.half(in, at + 2);
      }
      int fifth = in.get(JAVA_INT_UNALIGNED, at + header);
      VectorMask<Byte> low = VectorMask.fromLong(ByteVector.SPECIES_128, fifth & 0xffff);
      VectorMask<Byte> high = VectorMask.fromLong(ByteVector.SPECIES_128, fifth >>> 16);
      IntVector q = IntVector.fromMemorySegment(IntVector.SPECIES_128, in, at + header + 4, ORDER);
      q.and(0x0f0f0f0f)
          .reinterpretAsBytes()
          .sub(zero)
          .add((byte) 16, low)
          .intoArray(out.codes, 32 * b);
      q.lanewise(VectorOperators.LSHR, 4)
          .and(0x0f0f0f0f)
          .reinterpretAsBytes()
          .sub(zero)
          .add((byte) 16, high)
          .intoArray(out.codes, 32 * b + 16);
    }
  }
}
