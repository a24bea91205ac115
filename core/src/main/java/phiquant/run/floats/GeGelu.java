package phiquant.run.floats;

/**
 * Phi-3-small's gate: {@code a / (1 + e^(-1.702 a)) · (b + 1)} of neighbouring features, {@code a}
 * bounded above and {@code b} on both sides. Source: {@code gegelu} in its modeling_phi3_small.py.
 */
public final class GeGelu {
  private static final float STEEPNESS = 1.702f;

  private GeGelu() {}

  /**
   * All features of some tokens.
   *
   * @param x {@code [2 · features, tokens]}, the gate's by turns with the others
   * @param out {@code [features, tokens]}
   */
  public static void of(float[] x, int tokens, float limit, float[] out) {
    for (int i = 0; i < out.length; i += tokens) {
      int gate = 2 * i;
      int open = gate + tokens;
      for (int t = 0; t < tokens; t++) {
        float a = Math.min(x[gate + t], limit);
        float b = Math.clamp(x[open + t], -limit, limit);
        out[i + t] = a / (1 + (float) Math.exp(-STEEPNESS * a)) * (b + 1);
      }
    }
  }
}
