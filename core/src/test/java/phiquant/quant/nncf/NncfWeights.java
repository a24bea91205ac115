package phiquant.quant.nncf;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Rows of 256 weights as models have them, and rows that are hard: zeros, denormals, one value, the
 * extremes, ties. The same on every run, for golden hashes belong to exactly these numbers.
 */
final class NncfWeights {
  static final int COLUMNS = 256;

  private NncfWeights() {}

  /** Rows whose every group has weights of both signs, or zeros only; all are within f16. */
  static float[] ordinary() {
    Random random = new Random(13);
    List<float[]> rows = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      rows.add(gaussian(random, 0.02f));
      rows.add(gaussian(random, Math.scalb(1f, i % 30 - 20)));
    }
    rows.add(new float[COLUMNS]);
    for (int i = 0; i < 20; i++) {
      rows.add(picked(random, 1, -1, 0.5f, -0.5f, 0.25f, 0.75f, 6, -3.5f, 2.5f, -6));
    }
    return joined(rows);
  }

  /** Any finite numbers. */
  static float[] hard() {
    Random random = new Random(31);
    List<float[]> rows = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      rows.add(gaussian(random, Math.scalb(1f, 5 * i - 149)));
      rows.add(picked(random, Float.MAX_VALUE, -Float.MAX_VALUE, 0, -0f, Float.MIN_VALUE, 1));
      rows.add(picked(random, Float.MIN_VALUE, -Float.MIN_VALUE, 0, -0f));
      float one = (float) random.nextGaussian();
      rows.add(picked(random, one));
      rows.add(picked(random, 3, 4, 5));
      rows.add(picked(random, -0.3f, -0.4f));
    }
    return joined(rows);
  }

  private static float[] gaussian(Random random, float deviation) {
    float[] x = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      x[i] =
          Math.clamp(deviation * (float) random.nextGaussian(), -Float.MAX_VALUE, Float.MAX_VALUE);
    }
    return x;
  }

  private static float[] picked(Random random, float... values) {
    float[] x = new float[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      x[i] = values[random.nextInt(values.length)];
    }
    return x;
  }

  private static float[] joined(List<float[]> rows) {
    float[] all = new float[rows.size() * COLUMNS];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(rows.get(i), 0, all, i * COLUMNS, COLUMNS);
    }
    return all;
  }
}
