package phiquant.run.matrix;

import phiquant.checkpoint.StoredTensor;

/**
 * Any stored matrix, decoded row by row by its own reader: right for every format, fast for none.
 */
final class StoredMatrix implements Matrix {
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
    float[] row = new float[columns];
    for (int r = from; r < to; r++) {
      tensor.read(r, 1, row, 0);
      float sum = 0;
      for (int k = 0; k < columns; k++) {
        sum += row[k] * input.x[k];
      }
      y[yAt + r] = sum;
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
