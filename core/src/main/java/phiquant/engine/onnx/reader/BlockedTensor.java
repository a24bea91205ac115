package phiquant.engine.onnx.reader;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * A matrix in the blocks of {@code MatMulNBits}, as one tensor of floats.
 *
 * @param blocks how they are laid out; by which algorithm they were found does not matter here
 * @param codes of all rows
 * @param scales of all rows
 * @param zeroPoints of all rows, or null if there are none
 */
record BlockedTensor(
    String name,
    List<Long> shape,
    NBitsFormat blocks,
    MemorySegment codes,
    MemorySegment scales,
    MemorySegment zeroPoints)
    implements StoredTensor {

  @Override
  public String format() {
    return "int%d b%d%s"
        .formatted(blocks.bits(), blocks.block(), zeroPoints == null ? "" : " asym");
  }

  @Override
  public long storedBytes() {
    return codes.byteSize() + scales.byteSize() + (zeroPoints == null ? 0 : zeroPoints.byteSize());
  }

  @Override
  public Optional<Layout> layout() {
    DType scaleType =
        switch (blocks.type()) {
          case FLOAT32 -> DType.F32;
          case FLOAT16 -> DType.F16;
          case BFLOAT16 -> DType.BF16;
        };
    return Optional.of(
        new Layout.Blocked(
            blocks.bits(),
            blocks.block(),
            codes,
            scaleType,
            scales,
            Optional.ofNullable(zeroPoints)));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int columns = Math.toIntExact(columns());
    float[] rows = at == 0 ? out : new float[count * columns];
    blocks.decode(
        part(codes, first, count, blocks.codeBytes(columns)),
        part(scales, first, count, blocks.scaleBytes(columns)),
        zeroPoints == null ? null : part(zeroPoints, first, count, blocks.zeroPointBytes(columns)),
        count,
        columns,
        rows);
    if (rows != out) {
      System.arraycopy(rows, 0, out, at, rows.length);
    }
  }

  private static MemorySegment part(MemorySegment all, long first, int count, int rowBytes) {
    return all.asSlice(first * rowBytes, (long) count * rowBytes);
  }
}
