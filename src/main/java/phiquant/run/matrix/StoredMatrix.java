package phiquant.run.matrix;

import phiquant.checkpoint.StoredTensor;

/**
 * Any stored matrix, decoded a few rows at a time by its own reader: right for every format, fast
 * for none.
 */
final class StoredMatrix implements Matrix {
  /** Rows decoded together: those of a matrix that is stored turned share lines of the cache. */
  private static final int TOGETHER = 8;

  private final StoredTensor tensor;
  private final Rounding rounding;
  private final int rows;
  private final int columns;

  StoredMatrix(StoredTensor tensor, Rounding rounding) {
    this.tensor = tensor;
    this.rounding = rounding;
    this.rows = Math.toIntExact(tensor.rows());
    this.columns = Math.toIntExact(tensor.columns());
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return columns;
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    float[] some = new float[Math.min(TOGETHER, to - from) * columns];
    for (int first = from; first < to; first += TOGETHER) {
      int count = Math.min(TOGETHER, to - first);
      tensor.read(first, count, some, 0);
      for (int r = 0; r < count; r++) {
        float sum = 0;
        for (int k = 0; k < columns; k++) {
          sum += some[r * columns + k] * input.x[k];
        }
        y[yAt + first + r] = sum;
      }
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int at) {
    tensor.readColumns(row, 1, column, count, out, at);
  }

  @Override
  public Rounding rounding() {
    return rounding;
  }
}
