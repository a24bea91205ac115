package phiquant.engine.onnx.reader;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.matmulnbits.NBitsColumns;

/**
 * A matrix whose blocks are stored turned, as {@code DequantizeLinear} and {@code MatMul} want
 * them: its rows are the stored columns.
 *
 * @param codes of the whole matrix
 * @param scales of the whole matrix
 * @param zeroPoints of the whole matrix, or null if there are none
 */
record TurnedBlocksTensor(
    String name,
    List<Long> shape,
    NBitsColumns blocks,
    MemorySegment codes,
    MemorySegment scales,
    MemorySegment zeroPoints)
    implements StoredTensor {

  @Override
  public String format() {
    return "int%d b%d%s"
        .formatted(
            blocks.format().bits(), blocks.format().block(), zeroPoints == null ? "" : " asym");
  }

  @Override
  public long storedBytes() {
    return codes.byteSize() + scales.byteSize() + (zeroPoints == null ? 0 : zeroPoints.byteSize());
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.of(
        new Layout.TurnedBlocks(blocks, codes, scales, Optional.ofNullable(zeroPoints)));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    readColumns(first, count, 0, Math.toIntExact(columns()), out, at);
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    int row = Math.toIntExact(first);
    blocks.decode(codes, scales, zeroPoints, row, count, firstColumn, width, out, at);
  }
}
