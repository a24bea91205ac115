package phiquant.picture;

import static phiquant.picture.CropGrid.SIDE;
import static phiquant.picture.Picture.COLORS;

import java.util.Arrays;

/**
 * The whole picture in one tile, as torch's bicubic {@code interpolate} makes it: a = -0.75 (Keys
 * 1981), pixels have their middle at one half, edges repeat, and nothing is smoothed where it gets
 * smaller. In doubles, so that it does not depend on an order.
 */
final class BicubicView {
  private static final double A = -0.75;

  /** For each output the four inputs and their weights. */
  private record Points(int[][] inputs, double[][] weights) {
    static Points of(int from) {
      int[][] inputs = new int[SIDE][4];
      double[][] weights = new double[SIDE][];
      for (int i = 0; i < SIDE; i++) {
        double at = (i + 0.5) * ((double) from / SIDE) - 0.5;
        int floor = (int) Math.floor(at);
        double t = at - floor;
        for (int k = 0; k < 4; k++) {
          inputs[i][k] = Math.clamp(floor - 1 + k, 0, from - 1);
        }
        weights[i] = new double[] {far(t + 1), near(t), near(1 - t), far(2 - t)};
      }
      return new Points(inputs, weights);
    }

    private static double near(double x) {
      return ((A + 2) * x - (A + 3)) * x * x + 1;
    }

    private static double far(double x) {
      return ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
    }
  }

  private BicubicView() {}

  /**
   * One tile.
   *
   * @param levels what each byte is as a number, for each color: shape [3][256]
   * @return shape [3, 336, 336]
   */
  static float[] of(Picture picture, float[][] levels) {
    Points across = Points.of(picture.width());
    Points down = Points.of(picture.height());
    float[] tile = new float[COLORS * SIDE * SIDE];
    double[] row = new double[COLORS * SIDE];
    double[] sums = new double[COLORS * SIDE];
    for (int y = 0; y < SIDE; y++) {
      Arrays.fill(sums, 0);
      for (int k = 0; k < 4; k++) {
        row(picture, down.inputs[y][k], across, levels, row);
        for (int i = 0; i < row.length; i++) {
          sums[i] += row[i] * down.weights[y][k];
        }
      }
      for (int i = 0; i < sums.length; i++) {
        int color = i / SIDE;
        tile[(color * SIDE + y) * SIDE + i % SIDE] = (float) sums[i];
      }
    }
    return tile;
  }

  private static void row(Picture in, int y, Points across, float[][] levels, double[] out) {
    byte[] rgb = in.rgb();
    int begin = COLORS * y * in.width();
    for (int x = 0; x < SIDE; x++) {
      int[] inputs = across.inputs[x];
      double[] weights = across.weights[x];
      for (int color = 0; color < COLORS; color++) {
        double sum = 0;
        for (int k = 0; k < 4; k++) {
          sum += levels[color][rgb[begin + COLORS * inputs[k] + color] & 0xff] * weights[k];
        }
        out[color * SIDE + x] = sum;
      }
    }
  }
}
