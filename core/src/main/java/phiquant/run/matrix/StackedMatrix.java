package phiquant.run.matrix;

import java.util.List;

/** Matrices of the same width one below the other, each in its own format. */
final class StackedMatrix implements Matrix {
  private final List<Matrix> parts;
  private final int rows;

  StackedMatrix(List<Matrix> parts) {
    this.parts = List.copyOf(parts);
    this.rows = parts.stream().mapToInt(Matrix::rows).sum();
  }

  @Override
  public int rows() {
    return rows;
  }

  @Override
  public int columns() {
    return parts.get(0).columns();
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

  /** Parts are rounded alike: the first decides. */
  @Override
  public Rounding rounding() {
    return parts.get(0).rounding();
  }

  @Override
  public Packing packing() {
    return parts.get(0).packing();
  }

  @Override
  public boolean planes() {
    return parts.stream().anyMatch(Matrix::planes);
  }

  @Override
  public float lift() {
    float lift = 0;
    for (Matrix part : parts) {
      lift = Math.max(lift, part.lift());
    }
    return lift;
  }
}
