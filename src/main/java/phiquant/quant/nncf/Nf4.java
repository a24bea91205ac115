package phiquant.quant.nncf;

import java.util.Arrays;

/**
 * NormalFloat of 4 bits (Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, appendix E): 16 levels
 * from -1 to 1 that hold equally many weights of a normal distribution each. {@code w ≈ level[q] ·
 * s}, where s is the largest magnitude of the group. A weight takes the nearest level.
 */
public record Nf4() implements GroupFormat {
  private static final float[] LEVELS = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
    -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
    0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f
  };

  @Override
  public String name() {
    return "nf4";
  }

  @Override
  public int bits() {
    return 4;
  }

  @Override
  public boolean hasZeroPoint() {
    return false;
  }

  @Override
  public Grid encode(float[] x, int from, int count, byte[] codes, int at) {
    float scale = IntegerFormat.atLeastEpsilon(Magnitude.of(x, from, count));
    for (int i = 0; i < count; i++) {
      codes[at + i] = (byte) nearest(x[from + i] / scale);
    }
    return new Grid(scale, 0);
  }

  @Override
  public float decode(byte code, Grid grid) {
    return LEVELS[code & 15] * grid.scale();
  }

  private static int nearest(float value) {
    int found = Arrays.binarySearch(LEVELS, value);
    if (found >= 0) {
      return found;
    }
    int above = Math.min(-found - 1, LEVELS.length - 1);
    int below = Math.max(above - 1, 0);
    return value - LEVELS[below] <= LEVELS[above] - value ? below : above;
  }
}
