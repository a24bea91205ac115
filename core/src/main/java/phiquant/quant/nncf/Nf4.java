package phiquant.quant.nncf;

/**
 * NormalFloat of 4 bits (Dettmers et al. 2023, "QLoRA", arXiv:2305.14314, appendix E): 16 levels
 * from -1 to 1 that hold equally many weights of a normal distribution each. {@code w ≈ level[q] ·
 * s}, where s is the largest magnitude of the group. A weight takes the nearest level, halfway the
 * lower one, as OpenVINO's conversion does ({@code openvino/core/type/nf4.hpp}).
 */
public record Nf4() implements LevelFormat {
  private static final float[] LEVELS = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
    -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
    0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
    0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f
  };

  /** The middles between levels: a code is the number of those that lie below the weight. */
  static final float[] MIDDLES = middles();

  private static float[] middles() {
    float[] middles = new float[LEVELS.length - 1];
    for (int i = 0; i < middles.length; i++) {
      middles[i] = (float) (((double) LEVELS[i] + LEVELS[i + 1]) / 2);
    }
    return middles;
  }

  @Override
  public String name() {
    return "nf4";
  }

  @Override
  public Grid grid(float largest) {
    return new Grid(Scale.within(largest), 0);
  }

  @Override
  public byte code(float x, Grid grid) {
    float level = x / grid.scale();
    int code = 0;
    for (float middle : MIDDLES) {
      code += level > middle ? 1 : 0;
    }
    return (byte) code;
  }

  @Override
  public float decode(byte code, Grid grid) {
    return LEVELS[code & 15] * grid.scale();
  }
}
