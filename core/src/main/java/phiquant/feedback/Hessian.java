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
   * Orders, damps and factors.
   *
   * <p>Where it does not suffice, for numbers were lost in rounding, damping is raised tenfold.
   *
   * @throws ArithmeticException if moments are no numbers
   */
  public static Hessian of(Moments moments, ParallelFor crew) {
    int columns = moments.columns();
    int places = Strips.count(columns) * WIDTH;
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
    Strips plain = new Strips(places, places);
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
    double[][] upper = damped(moments, order, mean, damping, crew);
    while (!Cholesky.factor(upper, crew)) {
      damping *= 10;
      upper = damped(moments, order, mean, damping, crew);
    }
    return new Hessian(order, plain, mirrored(upper, places, crew), squares, damping);
  }

  private static double[][] damped(
      Moments moments, int[] order, double mean, double damping, ParallelFor crew) {
    int columns = moments.columns();
    double[][] upper = new double[order.length / WIDTH][];
    double more = mean > 0 ? damping * mean : 1;
    crew.run(
        upper.length,
        s -> {
          double[] strip = new double[(s + 1) * WIDTH * WIDTH];
          for (int t = 0; t < (s + 1) * WIDTH; t++) {
            for (int j = Math.max(t, s * WIDTH); j < (s + 1) * WIDTH; j++) {
              double h = j < columns ? moments.mean(order[t], order[j]) : 0;
              strip[t * WIDTH + j % WIDTH] = t == j ? (j < columns ? h + more : 1) : h;
            }
          }
          upper[s] = strip;
        });
    return upper;
  }

  private static Strips mirrored(double[][] upper, int places, ParallelFor crew) {
    Strips both = new Strips(places, places);
    crew.run(
        both.count(),
        s -> {
          float[] strip = both.strip(s);
          for (int t = 0; t < places; t++) {
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
    return both;
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
