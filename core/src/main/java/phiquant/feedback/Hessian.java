package phiquant.feedback;

import static phiquant.feedback.Strips.WIDTH;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * What the inputs of a matrix say of errors in its columns: their second moments H, damped, in the
 * order in which columns are rounded, and factored. Columns whose inputs are strongest are rounded
 * first (GPTQ's activation order), while there are many left to make up for them; they stand last,
 * so that H is {@code UᵀU} with U upper and the factors of feedback are {@code U[k][j] / U[k][k]}.
 * Groups stay where they are.
 *
 * @param order which column stands at a place; places are as many as whole strips have
 * @param moments H itself, not damped, in that order
 * @param factor U and, below the diagonal, Uᵀ
 * @param squares of each column's inputs, in the order of the matrix
 * @param damping what was added to the diagonal, relative to its mean
 */
public record Hessian(int[] order, Strips moments, Strips factor, float[] squares, double damping) {
  /** GPTQ's. */
  private static final double DAMPING = 0.01;

  /**
   * Memory for one of so many columns, which the next one of as many uses again: it is large, and a
   * model has as many as matrices.
   *
   * @param moments receives them, as Hessian has them
   * @param factor receives it
   * @param upper U in 64 bits, {@code [strip][row][48]}
   */
  public record Room(Strips moments, Strips factor, double[][] upper) {
    /** Zeros. */
    public static Room of(int columns) {
      int places = Strips.count(columns) * WIDTH;
      double[][] upper = new double[places / WIDTH][];
      for (int s = 0; s < upper.length; s++) {
        upper[s] = new double[(s + 1) * WIDTH * WIDTH];
      }
      return new Room(new Strips(places, places), new Strips(places, places), upper);
    }
  }

  /** The same in memory of its own. */
  public static Hessian of(Moments moments, ParallelFor crew) {
    return of(moments, Room.of(moments.columns()), crew);
  }

  /**
   * Orders, damps and factors.
   *
   * <p>Where it does not suffice, for numbers were lost in rounding, damping is raised tenfold.
   *
   * @param room of as many columns; what was made in it before is gone
   * @throws ArithmeticException if moments are no numbers
   */
  public static Hessian of(Moments moments, Room room, ParallelFor crew) {
    int columns = moments.columns();
    int places = room.moments().rows();
    int[] order =
        IntStream.concat(
                IntStream.range(0, columns)
                    .boxed()
                    .sorted(Comparator.comparingDouble(i -> moments.mean(i, i)))
                    .mapToInt(i -> i),
                IntStream.range(columns, places))
            .toArray();
    float[] squares = moments.squares();
    double mean = IntStream.range(0, columns).mapToDouble(i -> moments.mean(i, i)).sum() / columns;
    if (!Double.isFinite(mean)) {
      throw new ArithmeticException("moments are no numbers");
    }
    Strips plain = room.moments();
    crew.run(
        plain.count(),
        s -> {
          for (int t = 0; t < columns; t++) {
            for (int j = s * WIDTH; j < Math.min(columns, (s + 1) * WIDTH); j++) {
              plain.strip(s)[t * WIDTH + j % WIDTH] = (float) moments.mean(order[t], order[j]);
            }
          }
        });
    double damping = DAMPING;
    damp(moments, order, mean, damping, room.upper(), crew);
    while (!Cholesky.factor(room.upper(), crew)) {
      damping *= 10;
      damp(moments, order, mean, damping, room.upper(), crew);
    }
    mirror(room.upper(), room.factor(), crew);
    return new Hessian(order, plain, room.factor(), squares, damping);
  }

  private static void damp(
      Moments moments,
      int[] order,
      double mean,
      double damping,
      double[][] upper,
      ParallelFor crew) {
    int columns = moments.columns();
    double more = mean > 0 ? damping * mean : 1;
    crew.run(
        upper.length,
        s -> {
          double[] strip = upper[s];
          for (int t = 0; t < (s + 1) * WIDTH; t++) {
            for (int j = Math.max(t, s * WIDTH); j < (s + 1) * WIDTH; j++) {
              double h = j < columns ? moments.mean(order[t], order[j]) : 0;
              strip[t * WIDTH + j % WIDTH] = t == j ? (j < columns ? h + more : 1) : h;
            }
          }
        });
  }

  private static void mirror(double[][] upper, Strips both, ParallelFor crew) {
    crew.run(
        both.count(),
        s -> {
          float[] strip = both.strip(s);
          for (int t = 0; t < both.rows(); t++) {
            for (int j = 0; j < WIDTH; j++) {
              int column = s * WIDTH + j;
              strip[t * WIDTH + j] =
                  (float)
                      (t <= column
                          ? upper[s][t * WIDTH + j]
                          : upper[t / WIDTH][column * WIDTH + t % WIDTH]);
            }
          }
        });
  }

  /** Whether the usual damping was enough. */
  public boolean isUsual() {
    return damping == DAMPING;
  }

  /** Columns and what fills up the last strip. */
  int places() {
    return order.length;
  }

  /** Columns. */
  int columns() {
    return squares.length;
  }
}
