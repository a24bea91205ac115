package phiquant.run.matrix.ggml.codebook;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.codebook.CodebookBlock;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * IQ2 and IQ3: points of a codebook with signs. A point's bytes are looked up together, eight
 * weights at a time, and change their signs together.
 */
public final class Points implements Unpacking {
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ONES = 0x0101010101010101L;

  /** For eight signs, bytes that are all ones where there is a minus. */
  private static final long[] MINUS = new long[256];

  static {
    for (int signs = 0; signs < 256; signs++) {
      for (int i = 0; i < 8; i++) {
        MINUS[signs] |= (signs >> i & 1) != 0 ? 0xffL << 8 * i : 0;
      }
    }
  }

  private final MemorySegment blocks;
  private final CodebookBlock format;

  /** The bytes of each point, four or eight. */
  private final long[] values;

  public Points(MemorySegment blocks, CodebookBlock format) {
    this.blocks = blocks;
    this.format = format;
    this.values = new long[format.book().size()];
    int dimension = format.book().dimension();
    for (int i = 0; i < dimension * values.length; i++) {
      values[i / dimension] |= (long) format.book().decoded()[i] << 8 * (i % dimension);
    }
  }

  @Override
  public int group() {
    return format.group();
  }

  @Override
  public void unpack(long first, int count, Codes out) {
    CodebookBlock.Parts parts = new CodebookBlock.Parts();
    int perBlock = 256 / format.group();
    boolean halves = format.book().dimension() == 4;
    for (int b = 0; b < count / 256; b++) {
      long at = (first / 256 + b) * format.blockBytes();
      format.unpack(blocks, at, parts);
      float d = GgmlBlock.half(blocks, at);
      for (int g = 0; g < perBlock; g++) {
        out.scales[perBlock * b + g] = format.step(d, parts.scales[g]);
      }
      for (int k = 0; k < 32; k++) {
        long bytes =
            halves
                ? values[parts.points[2 * k]] | values[parts.points[2 * k + 1]] << 32
                : values[parts.points[k]];
        long minus = MINUS[parts.signs[k] & 255];
        // Values are positive, so that no carry leaves a byte.
        LONG.set(out.codes, 256 * b + 8 * k, (bytes ^ minus) + (minus & ONES));
      }
    }
  }
}
