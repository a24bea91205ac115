package phiquant.run.matrix.tokens;

import phiquant.quant.VectorSupport;
import phiquant.run.matrix.Panels;

/**
 * The innermost product: {@code y[r][t] += Σ_k w[r][k] · x[k][t]} for a tile of decoded weights and
 * one panel of tokens, sums kept in registers. The scalar form reads like the formula.
 */
public interface Tile {
  /** The form to use. */
  Tile BEST = VectorSupport.available() ? new VectorTile() : new Scalar();

  /**
   * @param w weights {@code [rows, stride]}, from index {@code wAt}
   * @param x panel {@code [count, WIDTH]}, from index {@code xAt}
   * @param count terms of the sums
   * @param y panel {@code [rows, WIDTH]} from index {@code yAt}: added to
   */
  void add(
      float[] w, int wAt, int stride, int rows, float[] x, int xAt, int count, float[] y, int yAt);

  /** One row after the other. */
  final class Scalar implements Tile {
    @Override
    public void add(
        float[] w,
        int wAt,
        int stride,
        int rows,
        float[] x,
        int xAt,
        int count,
        float[] y,
        int yAt) {
      float[] sum = new float[Panels.WIDTH];
      for (int r = 0; r < rows; r++) {
        System.arraycopy(y, yAt + r * Panels.WIDTH, sum, 0, Panels.WIDTH);
        for (int k = 0; k < count; k++) {
          float weight = w[wAt + r * stride + k];
          for (int t = 0; t < Panels.WIDTH; t++) {
            sum[t] += weight * x[xAt + k * Panels.WIDTH + t];
          }
        }
        System.arraycopy(sum, 0, y, yAt + r * Panels.WIDTH, Panels.WIDTH);
      }
    }
  }
}
