package phiquant.feedback;

import static phiquant.feedback.Strips.WIDTH;

import java.util.Arrays;
import java.util.Optional;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.grid.GridRule;

/**
 * Rounds rows of a matrix one column after the other; what a column loses, those that are still to
 * be rounded make up for. With {@code H = UᵀU} the squared error of a row's products is {@code Σ_k
 * (U[k][k] e_k + Σ_{j>k} U[k][j] e_j)²}: from the last column to the first each term is made as
 * small as its grid allows, by rounding {@code w_k + Σ_{j>k} U[k][j] / U[k][k] · e_j}.
 *
 * <p>That is GPTQ (Frantar and others, arXiv 2210.17323) without an inverse: QuIP (Chee and others,
 * arXiv 2307.13304, theorem 6) shows that the two are the same. Grids are laid before, of least
 * error weighted by the inputs' squares, on columns where they are.
 *
 * @param hessian of the inputs
 * @param format of the grids
 * @param aim moves the matrix before, if it has something to aim at
 */
public record Feedback(Hessian hessian, GridFormat format, Optional<Aim> aim) {
  /** Adding and subtracting 1.5 · 2^23 rounds a float below 2^22 to the nearest even integer. */
  private static final float ROUND = 12582912f;

  /**
   * Rounds at most 48 rows.
   *
   * @param x shape {@code [rows, columns]}; receives what the codes stand for
   * @param first which row of the matrix the first one is
   */
  public GridFormat.Rows round(float[] x, int rows, int first) {
    float[] w = turned(x, rows);
    if (aim.isPresent()) {
      aim.get().move(hessian, w, rows, first);
      turnBack(w, x, rows);
    }
    int groups = hessian.columns() / format.group();
    float[] scales = new float[rows * groups];
    float[] offsets = new float[rows * groups];
    format.lay(x, rows, hessian.squares(), scales, offsets);
    byte[] codes = new byte[rows * hessian.columns()];
    new Columns(w, rows, scales, offsets, codes).round();
    turnBack(w, x, rows);
    return new GridFormat.Rows(codes, scales, offsets, rows);
  }

  /** Columns become rows, in the order of the Hessian: {@code [places, 48]}. */
  private float[] turned(float[] x, int rows) {
    float[] w = new float[hessian.places() * WIDTH];
    for (int k = 0; k < hessian.columns(); k++) {
      int column = hessian.order()[k];
      for (int r = 0; r < rows; r++) {
        w[k * WIDTH + r] = x[r * hessian.columns() + column];
      }
    }
    return w;
  }

  private void turnBack(float[] w, float[] x, int rows) {
    for (int k = 0; k < hessian.columns(); k++) {
      int column = hessian.order()[k];
      for (int r = 0; r < rows; r++) {
        x[r * hessian.columns() + column] = w[k * WIDTH + r];
      }
    }
  }

  /** Some rows' columns while they are rounded. */
  private final class Columns {
    private final GridRule rule = format.rule();
    private final float[] w;
    private final int rows;
    private final float[] scales;
    private final float[] offsets;
    private final byte[] codes;

    /** What each column has lost, {@code [places, 48]}. */
    private final float[] errors;

    Columns(float[] w, int rows, float[] scales, float[] offsets, byte[] codes) {
      this.w = w;
      this.rows = rows;
      this.scales = scales;
      this.offsets = offsets;
      this.codes = codes;
      this.errors = new float[w.length];
    }

    void round() {
      int places = hessian.places();
      float[] sums = new float[WIDTH * WIDTH];
      for (int end = places; end > 0; end -= WIDTH) {
        float[] factor = hessian.factor().strip(end / WIDTH - 1);
        Arrays.fill(sums, 0);
        Outer.BEST.add(factor, errors, end, places, sums, 0);
        for (int k = WIDTH - 1; k >= 0; k--) {
          int place = end - WIDTH + k;
          Outer.BEST.addRow(factor, k, errors, place + 1, end, sums, k * WIDTH);
          if (place < hessian.columns()) {
            column(place, sums, k * WIDTH, factor[place * WIDTH + k]);
          }
        }
      }
    }

    private void column(int place, float[] sums, int at, float pivot) {
      int columns = hessian.columns();
      int column = hessian.order()[place];
      int groups = columns / format.group();
      int group = column / format.group();
      for (int r = 0; r < rows; r++) {
        float scale = scales[r * groups + group];
        float offset = offsets[r * groups + group];
        float origin = rule.origin(offset);
        float lowest = rule.lowest(offset);
        float highest = lowest + rule.top();
        float own = w[place * WIDTH + r];
        float wanted = own + sums[at + r] / pivot;
        float level = scale == 0 ? 0 : (wanted - origin) / scale;
        level = level < lowest ? lowest : level;
        level = level > highest ? highest : level;
        level = level + ROUND - ROUND;
        float value = scale * level + origin;
        errors[place * WIDTH + r] = own - value;
        w[place * WIDTH + r] = value;
        codes[r * columns + column] = (byte) (int) (level - lowest);
      }
    }
  }
}
