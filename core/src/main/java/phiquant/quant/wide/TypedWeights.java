package phiquant.quant.wide;

import phiquant.quant.FloatType;

/**
 * A few groups of weights as numbers of the model's type, with their ranges. A checkpoint is mostly
 * of the type that is asked for; then its weights stay where they are.
 */
public final class TypedWeights {
  private final FloatType type;
  private final int size;
  private final float[] rounded;
  private final Extremes extremes;
  private float[] array;
  private int at;

  /**
   * Space.
   *
   * @param count weights at most, a multiple of {@code size}
   * @param size weights in a group, a multiple of 16
   */
  public TypedWeights(FloatType type, int count, int size) {
    this.type = type;
    this.size = size;
    this.rounded = new float[type == FloatType.FLOAT32 ? 0 : count];
    this.extremes = new Extremes(count / size);
  }

  /** Takes groups from {@code x[from]}. */
  public void take(float[] x, int from, int groups) {
    array = x;
    at = from;
    if (type != FloatType.FLOAT16 && type.isExact(extremes.find(x, from, groups, size))) {
      return;
    }
    VectorRounding.round(type, x, from, groups * size, rounded);
    array = rounded;
    at = 0;
    extremes.find(rounded, 0, groups, size);
  }

  /** The ranges of the groups that were taken. */
  public Extremes extremes() {
    return extremes;
  }

  /** Where the weights are, from {@link #at}. */
  public float[] array() {
    return array;
  }

  /** The first group's first weight in {@link #array}. */
  public int at() {
    return at;
  }
}
