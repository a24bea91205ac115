package phiquant.feedback;

/**
 * A matrix in strips of 48 columns, {@code [strip][row][column of the strip]}: what a product reads
 * lies together, and 48 is as many as three of the widest vectors hold, or six, or twelve. The last
 * strip is filled up with zeros.
 */
public final class Strips {
  /** Columns of a strip. */
  public static final int WIDTH = 48;

  private final int rows;
  private final float[][] data;

  /** All zeros. */
  public Strips(int rows, int columns) {
    this.rows = rows;
    this.data = new float[count(columns)][Math.multiplyExact(rows, WIDTH)];
  }

  /** How many strips so many columns have. */
  static int count(int columns) {
    return Math.ceilDiv(columns, WIDTH);
  }

  int rows() {
    return rows;
  }

  int count() {
    return data.length;
  }

  /** One strip: {@code [rows, 48]}. */
  float[] strip(int s) {
    return data[s];
  }

  /**
   * Takes rows that lie one after the other.
   *
   * @param x shape {@code [rows, columns]}
   */
  public void fill(float[] x, int columns, ParallelFor crew) {
    crew.run(
        data.length,
        s -> {
          int first = s * WIDTH;
          int some = Math.min(WIDTH, columns - first);
          for (int row = 0; row < rows; row++) {
            System.arraycopy(x, row * columns + first, data[s], row * WIDTH, some);
          }
        });
  }
}
