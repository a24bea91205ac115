package phiquant.feedback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.quant.grid.GridFormat;

/** Error feedback against the formulas of the papers, in 64 bits and with an inverse. */
@Tag("width")
class FeedbackTest {
  private static final int COLUMNS = 96;
  private static final int ROWS = 20;
  private static final int TOKENS = 300;
  private static final GridFormat Q4_0 = GgmlFormats.grid(GgmlType.Q4_0).orElseThrow();

  private final Random random = new Random(5);
  private final float[] x = inputs();
  private final float[] w = matrix(ROWS, COLUMNS, 1);

  private float[] matrix(int rows, int columns, double size) {
    float[] matrix = new float[rows * columns];
    for (int i = 0; i < matrix.length; i++) {
      matrix[i] = (float) (random.nextGaussian() * size);
    }
    return matrix;
  }

  /** Inputs that have much in common, as a network's have: few causes behind many features. */
  private float[] inputs() {
    int causes = 30;
    float[] of = matrix(TOKENS, causes, 1);
    float[] mix = matrix(causes, COLUMNS, 1);
    float[] inputs = matrix(TOKENS, COLUMNS, 0.3);
    for (int t = 0; t < TOKENS; t++) {
      for (int j = 0; j < COLUMNS; j++) {
        for (int c = 0; c < causes; c++) {
          inputs[t * COLUMNS + j] += of[t * causes + c] * mix[c * COLUMNS + j];
        }
      }
    }
    return inputs;
  }

  private static Moments moments(float[] x, ParallelFor crew) {
    Moments moments = Moments.of(COLUMNS);
    Strips strips = new Strips(TOKENS, COLUMNS);
    strips.fill(x, COLUMNS, crew);
    moments.add(strips, crew);
    return moments;
  }

  /** The mean of {@code xᵀx} in 64 bits. */
  private static double[][] h(float[] x) {
    double[][] h = new double[COLUMNS][COLUMNS];
    for (int t = 0; t < TOKENS; t++) {
      for (int i = 0; i < COLUMNS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
          h[i][j] += (double) x[t * COLUMNS + i] * x[t * COLUMNS + j] / TOKENS;
        }
      }
    }
    return h;
  }

  /** {@code Σ e H eᵀ}: the mean squared error of the products. */
  private static double error(float[] rounded, float[] w, double[][] h) {
    double error = 0;
    for (int r = 0; r < ROWS; r++) {
      for (int i = 0; i < COLUMNS; i++) {
        for (int j = 0; j < COLUMNS; j++) {
          error +=
              (rounded[r * COLUMNS + i] - w[r * COLUMNS + i])
                  * h[i][j]
                  * (rounded[r * COLUMNS + j] - w[r * COLUMNS + j]);
        }
      }
    }
    return error;
  }

  private static float[] rounded(float[] w, Hessian hessian) {
    float[] rounded = w.clone();
    new Feedback(hessian, Q4_0, Optional.empty()).round(rounded, ROWS, 0);
    return rounded;
  }

  /** Each weight on the nearest level of its grid. */
  private static float[] nearest(float[] w, float[] squares) {
    float[] scales = new float[w.length / 32];
    Q4_0.lay(w, ROWS, squares, scales, new float[scales.length]);
    float[] nearest = new float[w.length];
    for (int i = 0; i < w.length; i++) {
      float scale = scales[i / 32];
      nearest[i] = (float) Math.clamp(Math.rint(w[i] / scale), -8, 7) * scale + 0f; // No -0.
    }
    return nearest;
  }

  @Test
  void momentsAreMeansOfProducts() {
    double[][] expected = h(x);
    Moments moments = moments(x, ParallelFor.ALONE);
    for (int i = 0; i < COLUMNS; i++) {
      for (int j = 0; j < COLUMNS; j++) {
        assertThat(moments.mean(i, j)).isCloseTo(expected[i][j], offset(1e-4));
      }
    }
  }

  /** Frantar and others, algorithm 1: each column's error goes to the others by the inverse. */
  @Test
  void equalsTheInverseOfThePaper() {
    Hessian hessian = Hessian.of(moments(x, ParallelFor.ALONE), ParallelFor.ALONE);
    float[] scales = new float[w.length / 32];
    Q4_0.lay(w, ROWS, hessian.squares(), scales, new float[scales.length]);
    double[][] h = h(x);
    double mean = IntStream.range(0, COLUMNS).mapToDouble(i -> h[i][i]).average().orElseThrow();
    for (int i = 0; i < COLUMNS; i++) {
      h[i][i] += 0.01 * mean;
    }
    double[][] left = inverse(h);
    double[] expected = IntStream.range(0, w.length).mapToDouble(i -> w[i]).toArray();
    int[] order =
        IntStream.range(0, COLUMNS)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> -h[i][i]))
            .mapToInt(i -> i)
            .toArray();
    boolean[] done = new boolean[COLUMNS];
    for (int column : order) {
      done[column] = true;
      for (int r = 0; r < ROWS; r++) {
        int at = r * COLUMNS + column;
        double scale = scales[at / 32];
        double value = Math.clamp(Math.rint(expected[at] / scale), -8, 7) * scale;
        double lost = (expected[at] - value) / left[column][column];
        for (int j = 0; j < COLUMNS; j++) {
          if (!done[j]) {
            expected[r * COLUMNS + j] -= lost * left[column][j];
          }
        }
        expected[at] = value;
      }
      left = without(left, column);
    }
    float[] rounded = rounded(w, hessian);
    int different = 0;
    for (int i = 0; i < rounded.length; i++) {
      different += Math.abs(rounded[i] - expected[i]) > 1e-4 ? 1 : 0;
    }
    // Ours is in 32 bits: a row in which one weight lies between two levels may end otherwise.
    assertThat(different).isLessThan(rounded.length / 20);
  }

  @Test
  void productsLoseLessThanByRoundingToNearest() {
    Hessian hessian = Hessian.of(moments(x, ParallelFor.ALONE), ParallelFor.ALONE);
    double[][] h = h(x);
    double plain = error(nearest(w, hessian.squares()), w, h);
    assertThat(error(rounded(w, hessian), w, h)).isLessThan(0.5 * plain);
  }

  @Test
  void inputsWithNothingInCommonAreRoundedToNearest() {
    float[] own = new float[TOKENS * COLUMNS];
    for (int t = 0; t < TOKENS; t++) {
      own[t * COLUMNS + t % COLUMNS] = 2;
    }
    Hessian hessian = Hessian.of(moments(own, ParallelFor.ALONE), ParallelFor.ALONE);
    assertThat(rounded(w, hessian)).isEqualTo(nearest(w, hessian.squares()));
  }

  @Test
  void aColumnWithoutInputsIsRoundedToNearest() {
    float[] silent = x.clone();
    for (int t = 0; t < TOKENS; t++) {
      silent[t * COLUMNS + 7] = 0;
    }
    Hessian hessian = Hessian.of(moments(silent, ParallelFor.ALONE), ParallelFor.ALONE);
    float[] rounded = rounded(w, hessian);
    float[] nearest = nearest(w, hessian.squares());
    for (int r = 0; r < ROWS; r++) {
      assertThat(rounded[r * COLUMNS + 7]).isEqualTo(nearest[r * COLUMNS + 7]);
    }
  }

  @Test
  void whoDoesTheWorkChangesNothing() {
    ParallelFor backwards =
        (count, task) ->
            IntStream.range(0, count).parallel().forEach(i -> task.accept(count - 1 - i));
    Hessian alone = Hessian.of(moments(x, ParallelFor.ALONE), ParallelFor.ALONE);
    Hessian together = Hessian.of(moments(x, backwards), backwards);
    assertThat(rounded(w, together)).isEqualTo(rounded(w, alone));
  }

  @Test
  void vectorsGiveTheBitsOfScalars() {
    float[] a = matrix(70, Strips.WIDTH, 1);
    float[] b = matrix(70, Strips.WIDTH, 1);
    float[] vector = matrix(Strips.WIDTH, Strips.WIDTH, 1);
    float[] scalar = vector.clone();
    Outer.BEST.add(a, b, 3, 70, vector, 0);
    new ScalarOuter().add(a, b, 3, 70, scalar, 0);
    assertThat(vector).isEqualTo(scalar);
    Outer.BEST.addRow(a, 5, b, 3, 70, vector, 48);
    new ScalarOuter().addRow(a, 5, b, 3, 70, scalar, 48);
    assertThat(vector).isEqualTo(scalar);
    double[] wideA = IntStream.range(0, a.length).mapToDouble(i -> a[i]).toArray();
    double[] wideB = IntStream.range(0, b.length).mapToDouble(i -> b[i]).toArray();
    double[] wide = IntStream.range(0, vector.length).mapToDouble(i -> vector[i]).toArray();
    double[] other = wide.clone();
    Outer.BEST.subtract(wideA, wideB, 1, 70, wide, 0);
    new ScalarOuter().subtract(wideA, wideB, 1, 70, other, 0);
    assertThat(wide).isEqualTo(other);
  }

  /** What is missing of the stream is made up for: with all of it taken, by least squares. */
  @Test
  void aimingGivesTheLeastSquares() {
    float[] goal = matrix(ROWS, COLUMNS, 1);
    float[] missing = new float[TOKENS * ROWS];
    for (int t = 0; t < TOKENS; t++) {
      for (int r = 0; r < ROWS; r++) {
        for (int j = 0; j < COLUMNS; j++) {
          missing[t * ROWS + r] += x[t * COLUMNS + j] * goal[r * COLUMNS + j];
        }
      }
    }
    Strips inputs = new Strips(TOKENS, COLUMNS);
    inputs.fill(x, COLUMNS, ParallelFor.ALONE);
    Strips outputs = new Strips(TOKENS, ROWS);
    outputs.fill(missing, ROWS, ParallelFor.ALONE);
    Moments common = Moments.of(COLUMNS, ROWS);
    common.add(inputs, outputs, ParallelFor.ALONE);
    Hessian hessian = Hessian.of(moments(x, ParallelFor.ALONE), ParallelFor.ALONE);
    float[] moved = new float[hessian.places() * Strips.WIDTH];
    new Aim(common, 1).move(hessian, moved, ROWS, 0);
    float[] back = new float[ROWS * COLUMNS];
    for (int k = 0; k < COLUMNS; k++) {
      for (int r = 0; r < ROWS; r++) {
        back[r * COLUMNS + hessian.order()[k]] = moved[k * Strips.WIDTH + r];
      }
    }
    double all = error(new float[back.length], goal, h(x));
    assertThat(error(back, goal, h(x))).isLessThan(0.02 * all);
  }

  private static double[][] without(double[][] inverse, int gone) {
    double[][] left = new double[COLUMNS][];
    for (int i = 0; i < COLUMNS; i++) {
      left[i] = inverse[i].clone();
      for (int j = 0; j < COLUMNS; j++) {
        left[i][j] -= inverse[i][gone] * inverse[gone][j] / inverse[gone][gone];
      }
    }
    return left;
  }

  /** Gauss and Jordan. */
  private static double[][] inverse(double[][] matrix) {
    int n = matrix.length;
    double[][] a = new double[n][];
    for (int i = 0; i < n; i++) {
      a[i] = Arrays.copyOf(matrix[i], 2 * n);
      a[i][n + i] = 1;
    }
    for (int k = 0; k < n; k++) {
      double pivot = a[k][k];
      for (int j = 0; j < 2 * n; j++) {
        a[k][j] /= pivot;
      }
      for (int i = 0; i < n; i++) {
        double factor = a[i][k];
        for (int j = 0; i != k && j < 2 * n; j++) {
          a[i][j] -= factor * a[k][j];
        }
      }
    }
    return Arrays.stream(a).map(row -> Arrays.copyOfRange(row, n, 2 * n)).toArray(double[][]::new);
  }
}
