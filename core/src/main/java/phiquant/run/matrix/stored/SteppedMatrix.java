package phiquant.run.matrix.stored;

import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;

/** Rows of another matrix at equal distances, each multiplied where it lies. */
final class SteppedMatrix extends Matrix {
  private final Matrix whole;
  private final int first;
  private final int step;

  SteppedMatrix(Matrix whole, int first, int step, int rows) {
    super(rows, whole.columns(), whole.needs());
    this.whole = whole;
    this.first = first;
    this.step = step;
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    for (int r = from; r < to; r++) {
      int row = first + step * r;
      whole.multiply(row, row + 1, input, y, yAt + r - row);
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    for (int r = from; r < to; r++) {
      int row = first + step * r;
      whole.multiplyEach(row, row + 1, inputs, tokens, y, yAt + r - row);
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int at) {
    whole.read(first + step * row, column, count, out, at);
  }
}
