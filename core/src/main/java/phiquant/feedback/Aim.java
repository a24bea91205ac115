package phiquant.feedback;

import static phiquant.feedback.Strips.WIDTH;

import java.util.Arrays;

/**
 * What a matrix's products are added to has errors already, from layers before. This moves the
 * matrix so that its products make up for a part of them: {@code W' = W + α (C − W H) (H + λ I)⁻¹},
 * the least-squares solution for what should come out, of which only a share is taken, because
 * moments of some thousand tokens fit the text better than the language.
 *
 * @param common of inputs, the rows, with what should come out
 * @param share α
 */
public record Aim(Moments common, float share) {
  /** Measured on SmolLM2-135M: all of it overfits, none of it is worse too. */
  public static final float SHARE = 0.25f;

  /**
   * Moves rows.
   *
   * @param w shape {@code [places, 48]}, columns in the order of the Hessian
   * @param first which row of the matrix the first one is
   */
  void move(Hessian hessian, float[] w, int rows, int first) {
    float[] y = missing(hessian, w, rows, first);
    forward(hessian, y);
    backward(hessian, y);
    for (int i = 0; i < w.length; i++) {
      w[i] += share * y[i];
    }
  }

  /** {@code C − W H}. */
  private float[] missing(Hessian hessian, float[] w, int rows, int first) {
    float[] y = new float[w.length];
    float[] sums = new float[WIDTH * WIDTH];
    for (int begin = 0; begin < hessian.places(); begin += WIDTH) {
      Arrays.fill(sums, 0);
      float[] h = hessian.moments().strip(begin / WIDTH);
      Outer.BEST.add(h, w, 0, hessian.places(), sums, 0);
      for (int k = 0; k < WIDTH && begin + k < hessian.columns(); k++) {
        int column = hessian.order()[begin + k];
        for (int r = 0; r < rows; r++) {
          y[(begin + k) * WIDTH + r] = (float) common.mean(column, first + r) - sums[k * WIDTH + r];
        }
      }
    }
    return y;
  }

  /** Solves {@code Uᵀ · z = y} in place. */
  private static void forward(Hessian hessian, float[] y) {
    float[] sums = new float[WIDTH * WIDTH];
    for (int begin = 0; begin < hessian.places(); begin += WIDTH) {
      Arrays.fill(sums, 0);
      float[] factor = hessian.factor().strip(begin / WIDTH);
      Outer.BEST.add(factor, y, 0, begin, sums, 0);
      for (int k = 0; k < WIDTH; k++) {
        int place = begin + k;
        Outer.BEST.addRow(factor, k, y, begin, place, sums, k * WIDTH);
        divide(y, place, sums, k, factor[place * WIDTH + k]);
      }
    }
  }

  /** Solves {@code U · z = y} in place. */
  private static void backward(Hessian hessian, float[] y) {
    float[] sums = new float[WIDTH * WIDTH];
    int places = hessian.places();
    for (int end = places; end > 0; end -= WIDTH) {
      Arrays.fill(sums, 0);
      float[] factor = hessian.factor().strip(end / WIDTH - 1);
      Outer.BEST.add(factor, y, end, places, sums, 0);
      for (int k = WIDTH - 1; k >= 0; k--) {
        int place = end - WIDTH + k;
        Outer.BEST.addRow(factor, k, y, place + 1, end, sums, k * WIDTH);
        divide(y, place, sums, k, factor[place * WIDTH + k]);
      }
    }
  }

  private static void divide(float[] y, int place, float[] sums, int k, float pivot) {
    for (int r = 0; r < WIDTH; r++) {
      y[place * WIDTH + r] = (y[place * WIDTH + r] - sums[k * WIDTH + r]) / pivot;
    }
  }
}
