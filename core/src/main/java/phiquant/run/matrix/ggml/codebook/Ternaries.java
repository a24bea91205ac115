package phiquant.run.matrix.ggml.codebook;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import phiquant.quant.ggml.codebook.Codebook;
import phiquant.quant.ggml.codebook.TernaryBlock;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/** IQ1: points of a codebook, shifted up or down by an eighth; codes are eighths. */
public record Ternaries(MemorySegment blocks, TernaryBlock format) implements Unpacking {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** The bytes of each point, shifted up; then the same shifted down. */
  private static final long[] VALUES = new long[2 * Codebook.IQ1.size()];

  static {
    byte[] values = Codebook.IQ1.decoded();
    for (int i = 0; i < values.length; i++) {
      VALUES[i / 8] |= (8L * values[i] + 1 & 255) << 8 * (i % 8);
      VALUES[Codebook.IQ1.size() + i / 8] |= (8L * values[i] - 1 & 255) << 8 * (i % 8);
    }
  }

  @Override
  public int group() {
    return format.group();
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    TernaryBlock.Parts parts = new TernaryBlock.Parts();
    int perBlock = 256 / format.group();
    for (int b = 0; b < count / 256; b++) {
      long at = (first / 256 + b) * format.blockBytes();
      float d = format.unpack(blocks, at, parts) / 8;
      for (int g = 0; g < perBlock; g++) {
        out.scales[perBlock * b + g] = d * (2 * parts.scales[g] + 1);
      }
      for (int k = 0; k < 32; k++) {
        int place = parts.points[k] + (parts.down[k] ? Codebook.IQ1.size() : 0);
        LONG.set(out.codes, 256 * b + 8 * k, VALUES[place]);
      }
    }
  }
}
