package phiquant.quant.ggml;

/**
 * How Q3_K finds the scale of a group when nothing says how much errors count: from the plain grid,
 * each weight's level moves where that lowers the error, up to five times over. Source: {@code
 * make_q3_quants} of ggml-quants.c.
 */
public final class Descent {
  private static final float EPSILON = 1e-15f;

  private Descent() {}

  /** The scale of 16 weights and their levels plus 4; 0 if they are zeros. */
  public static float search(float[] x, int from, byte[] l, int at) {
    float max = GgmlBlock.extreme(x, from, 16);
    if (Math.abs(max) < EPSILON) {
      return 0;
    }
    float inverse = -4 / max;
    float sumLx = 0;
    float sumL2 = 0;
    for (int i = 0; i < 16; i++) {
      int level = Math.max(-4, Math.min(3, Rounding.nearest(inverse * x[from + i])));
      l[at + i] = (byte) level;
      float w = x[from + i] * x[from + i];
      sumLx += w * x[from + i] * level;
      sumL2 += w * level * level;
    }
    for (int round = 0; round < 5; round++) {
      boolean changed = false;
      for (int i = 0; i < 16; i++) {
        float value = x[from + i];
        float w = value * value;
        int old = l[at + i];
        float slx = sumLx - w * value * old;
        if (slx > 0) {
          float sl2 = sumL2 - w * old * old;
          int level = Math.max(-4, Math.min(3, Rounding.nearest(value * sl2 / slx)));
          if (level != old) {
            slx += w * value * level;
            sl2 += w * level * level;
            if (sl2 > 0 && slx * slx * sumL2 > sumLx * sumLx * sl2) {
              l[at + i] = (byte) level;
              sumLx = slx;
              sumL2 = sl2;
              changed = true;
            }
          }
        }
      }
      if (!changed) {
        break;
      }
    }
    for (int i = 0; i < 16; i++) {
      l[at + i] += 4;
    }
    return sumL2 > 0 ? sumLx / sumL2 : 0;
  }
}
