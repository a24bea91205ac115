package phiquant.engine.mlx;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.MappedTensor;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.affine.GroupFormat;

/**
 * A quantized matrix of an MLX model, or several piled up, as one tensor of floats.
 *
 * @param packed codes, U32 {@code [rows, words]}; of a pile {@code [matrices, rows, words]}
 * @param scales of groups, {@code [rows, groups]}
 * @param biases of groups, or null where the format has none
 * @param codec that the three are in
 */
record MlxTensor(MappedTensor packed, MappedTensor scales, MappedTensor biases, GroupFormat codec)
    implements StoredTensor {
  @Override
  public String name() {
    return packed.name();
  }

  @Override
  public List<Long> shape() {
    List<Long> shape = new ArrayList<>(packed.shape());
    shape.set(shape.size() - 1, scales.columns() * codec.groupSize());
    return List.copyOf(shape);
  }

  @Override
  public String format() {
    return codec.biasBytes() == 0 ? codec.mode() : "affine %d-bit".formatted(codec.bits());
  }

  @Override
  public long storedBytes() {
    return packed.storedBytes()
        + scales.storedBytes()
        + (biases == null ? 0 : biases.storedBytes());
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.of(
        biases == null
            ? new Layout.Microscaled(codec, packed.data(), scales.data())
            : new Layout.Affine(
                codec.bits(),
                codec.groupSize(),
                packed.data(),
                scales.dtype(),
                scales.data(),
                biases.data()));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    long before = first * scales.columns();
    int groups = Math.toIntExact(count * scales.columns());
    codec.decode(
        part(packed, before, groups, codec.packedBytes()),
        part(scales, before, groups, codec.scaleBytes()),
        biases == null ? null : part(biases, before, groups, codec.biasBytes()),
        groups,
        out,
        at);
  }

  private static MemorySegment part(MappedTensor tensor, long before, int groups, int bytes) {
    return tensor.data().asSlice(before * bytes, (long) groups * bytes);
  }
}
