package phiquant.feedback;

import static phiquant.feedback.Strips.WIDTH;

import java.util.Arrays;

/**
 * Sums over tokens of products of two features: {@code Σ_t x[t][i] · y[t][j]}. What inputs of a
 * matrix have in common with themselves (XᵀX, the Hessian of a product's squared error), or with
 * what should come out. Sums over one call are in 32 bits, those over all in 64.
 */
public final class Moments {
  private final int rows;
  private final int columns;
  private final boolean symmetric;
  private final double[][] sums;
  private long tokens;

  private Moments(int rows, int columns, boolean symmetric) {
    this.rows = rows;
    this.columns = columns;
    this.symmetric = symmetric;
    this.sums = new double[Strips.count(columns)][];
    int height = Strips.count(rows) * WIDTH;
    for (int s = 0; s < sums.length; s++) {
      sums[s] = new double[(symmetric ? (s + 1) * WIDTH : height) * WIDTH];
    }
  }

  /** Of features with themselves. */
  public static Moments of(int features) {
    return new Moments(features, features, true);
  }

  /** Of some features, the rows, with others. */
  public static Moments of(int rows, int columns) {
    return new Moments(rows, columns, false);
  }

  /** Adds what some tokens' features have in common with themselves. */
  public void add(Strips x, ParallelFor crew) {
    add(x, x, crew);
  }

  /** Adds what some tokens' features have in common with others of theirs. */
  public void add(Strips x, Strips y, ParallelFor crew) {
    int height = x.count();
    int tiles = symmetric ? height * (height + 1) / 2 : height * y.count();
    crew.run(
        tiles,
        tile -> {
          // Upper triangles count 0; 1, 2; 3, 4, 5; … so that strip s begins with s (s + 1) / 2.
          int s = symmetric ? (int) ((Math.sqrt(8.0 * tile + 1) - 1) / 2) : tile / height;
          int i = symmetric ? tile - s * (s + 1) / 2 : tile % height;
          float[] some = new float[WIDTH * WIDTH];
          Outer.BEST.add(x.strip(i), y.strip(s), 0, x.rows(), some, 0);
          double[] all = sums[s];
          int at = i * WIDTH * WIDTH;
          for (int k = 0; k < some.length; k++) {
            all[at + k] += some[k];
          }
        });
    tokens += x.rows();
  }

  /** Forgets all tokens. */
  public void clear() {
    for (double[] strip : sums) {
      Arrays.fill(strip, 0);
    }
    tokens = 0;
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /** The mean over all tokens. */
  double mean(int row, int column) {
    boolean turn = symmetric && row > column;
    int i = turn ? column : row;
    int j = turn ? row : column;
    return tokens == 0 ? 0 : sums[j / WIDTH][i * WIDTH + j % WIDTH] / tokens;
  }

  /** Each feature's mean square, of features with themselves. */
  public float[] squares() {
    float[] squares = new float[columns];
    for (int i = 0; i < columns; i++) {
      squares[i] = (float) mean(i, i);
    }
    return squares;
  }
}
