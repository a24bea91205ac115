package phiquant.run.matrix.stored;

import java.util.List;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Needs;

/**
 * Matrices of the same width one below the other, each in its own format: the numbers that they are
 * multiplied with are rounded as the first one wants it.
 */
final class StackedMatrix extends Matrix {
  private final List<Matrix> parts;

  StackedMatrix(List<Matrix> parts) {
    super(
        parts.stream().mapToInt(Matrix::rows).sum(),
        parts.get(0).columns(),
        parts.stream().map(Matrix::needs).reduce(Needs::with).orElseThrow());
    this.parts = List.copyOf(parts);
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    int begin = 0;
    for (Matrix part : parts) {
      int first = Math.max(from, begin);
      int last = Math.min(to, begin + part.rows());
      if (first < last) {
        part.multiply(first - begin, last - begin, input, y, yAt + begin);
      }
      begin += part.rows();
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    int begin = 0;
    for (Matrix part : parts) {
      int first = Math.max(from, begin);
      int last = Math.min(to, begin + part.rows());
      if (first < last) {
        part.multiplyEach(first - begin, last - begin, inputs, tokens, y, yAt + begin);
      }
      begin += part.rows();
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int at) {
    int begin = 0;
    for (Matrix part : parts) {
      if (row < begin + part.rows()) {
        part.read(row - begin, column, count, out, at);
        return;
      }
      begin += part.rows();
    }
  }

  @Override
  public void read(int row, int rows, int column, int count, float[] out, int at, int stride) {
    int begin = 0;
    for (Matrix part : parts) {
      int first = Math.max(row, begin);
      int last = Math.min(row + rows, begin + part.rows());
      if (first < last) {
        int to = at + (first - row) * stride;
        part.read(first - begin, last - first, column, count, out, to, stride);
      }
      begin += part.rows();
    }
  }
}
