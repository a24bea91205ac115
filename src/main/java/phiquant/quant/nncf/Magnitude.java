package phiquant.quant.nncf;

/** The largest magnitude of a group. */
final class Magnitude {
  private Magnitude() {}

  static float of(float[] x, int from, int count) {
    float max = 0;
    for (int i = from; i < from + count; i++) {
      max = Math.max(max, Math.abs(x[i]));
    }
    return max;
  }
}
