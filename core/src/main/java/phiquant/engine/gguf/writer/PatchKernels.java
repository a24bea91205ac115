package phiquant.engine.gguf.writer;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;

/**
 * A product over a patch's pixels as the kernels of a convolution: colors, which the product has
 * side by side, come outermost.
 *
 * @param tensor shape [features, side · side · 3]
 * @param side pixels along the side of a patch
 */
record PatchKernels(StoredTensor tensor, int side) implements ChangedTensor {
  private static final int COLORS = 3;

  @Override
  public List<Long> shape() {
    return List.of(tensor.rows(), (long) COLORS, (long) side, (long) side);
  }

  @Override
  public Optional<Layout> layout() {
    return Optional.empty();
  }

  @Override
  public long position(long row) {
    return tensor.position(row / ((long) COLORS * side));
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    float[] pixels = new float[Math.toIntExact(tensor.columns())];
    long read = -1;
    for (int i = 0; i < count; i++) {
      long kernel = (first + i) / ((long) COLORS * side);
      int color = (int) ((first + i) / side % COLORS);
      int y = (int) ((first + i) % side);
      if (kernel != read) {
        tensor.read(kernel, 1, pixels, 0);
        read = kernel;
      }
      for (int x = 0; x < side; x++) {
        out[at + i * side + x] = pixels[(y * side + x) * COLORS + color];
      }
    }
  }
}
