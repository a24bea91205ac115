package phiquant.engine.onnx.writer.attention;

import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiConfig;
import phiquant.model.PhiConfig.LongRope;

/**
 * Cosines or sines of the angles that rotary embedding turns pairs by (Su et al. 2021,
 * arXiv:2104.09864): {@code position / (factor · theta^(2i / size))}. Computed row by row when the
 * pipeline asks, since 131072 positions of two tables are 100 MB.
 *
 * @param positions rows
 * @param inverse frequencies, one for each pair
 * @param magnitude what longrope multiplies with
 */
record RotaryCache(String name, boolean cosine, long positions, float[] inverse, float magnitude)
    implements StoredTensor {

  /**
   * A table for one of longrope's lists of factors, or for none.
   *
   * @param factors divide the frequencies; empty: all are 1
   */
  static RotaryCache of(
      String name, boolean cosine, long positions, PhiConfig config, List<Double> factors) {
    float[] inverse = new float[config.rotarySize() / 2];
    for (int i = 0; i < inverse.length; i++) {
      float exponent = (float) (2 * i) / config.rotarySize();
      float power = (float) Math.pow(config.ropeTheta(), exponent);
      float factor = factors.isEmpty() ? 1f : factors.get(i).floatValue();
      inverse[i] = 1f / (factor * power);
    }
    Optional<LongRope> rope = config.longRope();
    return new RotaryCache(
        name, cosine, positions, inverse, rope.map(r -> (float) r.attentionFactor()).orElse(1f));
  }

  @Override
  public List<Long> shape() {
    return List.of(positions, (long) inverse.length);
  }

  @Override
  public String format() {
    return "computed";
  }

  /** None: no checkpoint holds it. */
  @Override
  public long storedBytes() {
    return 0;
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    for (int row = 0; row < count; row++) {
      for (int i = 0; i < inverse.length; i++) {
        float angle = (first + row) * inverse[i];
        float turned = cosine ? MinimaxSine.cos(angle) : MinimaxSine.sin(angle);
        out[at + row * inverse.length + i] = turned * magnitude;
      }
    }
  }
}
