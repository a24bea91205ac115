package phiquant.engine.onnx.reader;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.Int8Rows;

/**
 * A matrix of signed bytes with a scale for each row, as one tensor of floats: the weights of a
 * model whose activations are rounded to fixed grids. Those grids are not read: with f32
 * activations it is the weights alone that phiquant measures.
 *
 * @param codes [rows, columns]
 * @param scales f32 of shape [rows]
 */
record Int8Tensor(String name, List<Long> shape, MemorySegment codes, MemorySegment scales)
    implements StoredTensor {

  @Override
  public String format() {
    return "int8 row";
  }

  @Override
  public long storedBytes() {
    return codes.byteSize() + scales.byteSize();
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.of(
        new Layout.Grouped(
            Layout.Code.I8,
            Math.toIntExact(columns()),
            codes,
            DType.F32,
            scales,
            Optional.empty()));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    Int8Rows.decode(codes, scales, first, count, Math.toIntExact(columns()), out, at);
  }
}
