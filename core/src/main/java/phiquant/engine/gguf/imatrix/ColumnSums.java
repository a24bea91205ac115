package phiquant.engine.gguf.imatrix;

/**
 * What was multiplied with one weight: for each column the sum of squares. A weight that is several
 * matrices, as the experts of a layer are, has sums and a count for each.
 *
 * @param squares shape {@code [matrices, columns]}
 * @param counts how many inputs each matrix had, shape {@code [matrices]}
 */
public record ColumnSums(float[] squares, float[] counts) {
  /** Inputs per matrix. */
  public int columns() {
    return squares.length / counts.length;
  }

  /** Of both texts together; the shapes are the same. */
  public ColumnSums plus(ColumnSums other) {
    return new ColumnSums(sum(squares, other.squares), sum(counts, other.counts));
  }

  private static float[] sum(float[] a, float[] b) {
    float[] sum = new float[a.length];
    for (int i = 0; i < a.length; i++) {
      sum[i] = a[i] + b[i];
    }
    return sum;
  }
}
