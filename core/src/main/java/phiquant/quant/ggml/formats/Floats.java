package phiquant.quant.ggml.formats;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import phiquant.quant.BFloat16;
import phiquant.quant.BlockFormat;
import phiquant.quant.Half;

/** The formats of ggml that are no more than numbers in a row: F32, F16 and BF16. */
enum Floats implements BlockFormat {
  F32(4) {
    @Override
    public void encode(float[] x, int from, int count, MemorySegment out, long at) {
      MemorySegment.copy(x, from, out, JAVA_FLOAT_UNALIGNED, at, count);
    }

    @Override
    public void decode(MemorySegment in, long at, float[] y, int from, int count) {
      MemorySegment.copy(in, JAVA_FLOAT_UNALIGNED, at, y, from, count);
    }
  },
  F16(2) {
    @Override
    public void encode(float[] x, int from, int count, MemorySegment out, long at) {
      Half.encode(x, from, count, out, at);
    }

    @Override
    public void decode(MemorySegment in, long at, float[] y, int from, int count) {
      Half.decode(in, at, y, from, count);
    }
  },
  BF16(2) {
    @Override
    public void encode(float[] x, int from, int count, MemorySegment out, long at) {
      BFloat16.encode(x, from, count, out, at);
    }

    @Override
    public void decode(MemorySegment in, long at, float[] y, int from, int count) {
      BFloat16.decode(in, at, y, from, count);
    }
  };

  private final int bytes;

  Floats(int bytes) {
    this.bytes = bytes;
  }

  @Override
  public int blockSize() {
    return 1;
  }

  @Override
  public int blockBytes() {
    return bytes;
  }
}
