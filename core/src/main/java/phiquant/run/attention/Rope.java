package phiquant.run.attention;

import java.util.List;
import phiquant.model.PhiConfig;

/**
 * Rotary position embedding (Su et al. 2021, arXiv:2104.09864) with longrope's factors (Ding et al.
 * 2024, arXiv:2402.13753). Dimensions i and i + r/2 of a head, for i below r/2, are rotated by
 * {@code position / (factor_i · theta^(2i/r))}, and scaled by the attention factor. Angles are f32
 * products, as in transformers.
 */
public final class Rope {
  private final PhiConfig config;
  private final LongRopeRule rule;
  private final float[] shortFrequencies;
  private final float[] longFrequencies;
  private final double scale;

  public Rope(PhiConfig config, LongRopeRule rule) {
    this.config = config;
    this.rule = rule;
    List<Double> none = java.util.Collections.nCopies(config.rotarySize() / 2, 1.0);
    shortFrequencies =
        frequencies(config.longRope().map(PhiConfig.LongRope::shortFactors).orElse(none));
    longFrequencies =
        frequencies(config.longRope().map(PhiConfig.LongRope::longFactors).orElse(none));
    scale = config.longRope().map(PhiConfig.LongRope::attentionFactor).orElse(1.0);
  }

  private float[] frequencies(List<Double> factors) {
    float[] frequencies = new float[factors.size()];
    for (int i = 0; i < frequencies.length; i++) {
      double power = Math.pow(config.ropeTheta(), 2.0 * i / config.rotarySize());
      frequencies[i] = (float) (1 / (factors.get(i) * power));
    }
    return frequencies;
  }

  /** Whether a sequence of that length, in a cache of that size, takes the long factors. */
  public boolean isLong(int length, int context) {
    return config.longRope().isPresent()
        && rule.isLong(length, context, config.originalContextLength());
  }

  /** Whether keys that were rotated by the other factors have to be computed anew. */
  public boolean recomputes() {
    return rule.recomputes();
  }

  /**
   * Cosines and sines of one position.
   *
   * @param cos receives r/2 numbers, {@code stride} apart, from index {@code at}
   */
  public void angles(
      int position, boolean longFactors, float[] cos, float[] sin, int at, int stride) {
    float[] frequencies = longFactors ? longFrequencies : shortFrequencies;
    for (int i = 0; i < frequencies.length; i++) {
      double angle = (float) position * frequencies[i];
      cos[at + i * stride] = (float) (Math.cos(angle) * scale);
      sin[at + i * stride] = (float) (Math.sin(angle) * scale);
    }
  }
}
