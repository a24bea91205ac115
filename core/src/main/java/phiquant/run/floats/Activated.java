package phiquant.run.floats;

import phiquant.model.Activation;
import phiquant.model.Gate;

/** What numbers become by an activation. */
public final class Activated {
  private Activated() {}

  /**
   * So many of them.
   *
   * @param out may be {@code x} for {@link Activation#GELU}
   */
  public static void of(Activation activation, float[] x, float[] out, int count) {
    switch (activation) {
      case GELU_TANH -> Exponentials.BEST.gelu(x, 0, out, 0, count);
      case GELU_SIGMOID -> Exponentials.BEST.gelu(Exponentials.SIGMOID, 0, x, 0, out, 0, count);
      case GELU -> ErrorGelu.of(x, out, count);
    }
  }

  /**
   * What two halves become by a gate.
   *
   * @param both {@code [2 · features, width]}
   * @param out {@code [features, width]}, so many numbers
   */
  public static void gate(Gate gate, float[] both, int width, float[] out, int count) {
    switch (gate) {
      case Gate.SwiGlu unused -> Exponentials.BEST.swiGlu(both, 0, both, count, out, 0, count);
      case Gate.GeGelu limited -> GeGelu.of(both, width, (float) limited.limit(), out);
    }
  }
}
