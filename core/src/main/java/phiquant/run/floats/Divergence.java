package phiquant.run.floats;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.VectorSupport;

/**
 * Compares two predictions of the next token in log space: {@code KL(p‖q) = Σ p_i (ln p_i - ln
 * q_i)}. Logits of the other model need not be normalized first, since {@code ln q_i = a_i - ln Σ
 * e^a}, so each is read twice and written never. Sums are kept in double for every thousand terms.
 */
public final class Divergence {
  private static final int PART = 1024;

  private Divergence() {}

  /**
   * One token's prediction.
   *
   * @param loss {@code -ln q} of the token that really follows
   * @param divergence KL from the original's prediction
   * @param sameTop whether the most probable token is the same
   */
  public record Of(double loss, double divergence, boolean sameTop) {}

  /** Makes logits into logarithms of probabilities. */
  public static void normalize(float[] logits) {
    float norm = (float) logSum(logits);
    for (int i = 0; i < logits.length; i++) {
      logits[i] -= norm;
    }
  }

  /**
   * Compares.
   *
   * @param reference logarithms of the original's probabilities
   * @param logits of the other model
   * @param next the token that really follows
   */
  public static Of of(float[] reference, float[] logits, int next) {
    double norm = logSum(logits);
    double divergence = expectedDifference(reference, logits, (float) norm);
    // Never negative but by rounding.
    return new Of(norm - logits[next], Math.max(0, divergence), top(reference) == top(logits));
  }

  /** {@code ln Σ e^x_i}. */
  public static double logSum(float[] x) {
    float max = x[top(x)];
    double sum = 0;
    for (int from = 0; from < x.length; from += PART) {
      int count = Math.min(PART, x.length - from);
      sum += VectorSupport.available() ? Wide.sum(x, from, count, max) : sum(x, from, count, max);
    }
    return max + Math.log(sum);
  }

  /**
   * {@code Σ e^p_i (p_i - (a_i - norm))}. The norm is taken off each term and not the sum, in which
   * the rounding of p would be multiplied by it.
   */
  private static double expectedDifference(float[] p, float[] a, float norm) {
    double sum = 0;
    for (int from = 0; from < p.length; from += PART) {
      int count = Math.min(PART, p.length - from);
      sum +=
          VectorSupport.available()
              ? Wide.expected(p, a, norm, from, count)
              : expected(p, a, norm, from, count);
    }
    return sum;
  }

  private static double sum(float[] x, int from, int count, float max) {
    double sum = 0;
    for (int i = from; i < from + count; i++) {
      sum += Math.exp(x[i] - max);
    }
    return sum;
  }

  private static double expected(float[] p, float[] a, float norm, int from, int count) {
    double sum = 0;
    for (int i = from; i < from + count; i++) {
      sum += Math.exp(p[i]) * (p[i] - a[i] + norm);
    }
    return sum;
  }

  /** Index of the largest; the first if there are several. */
  public static int top(float[] x) {
    int top = 0;
    for (int i = 1; i < x.length; i++) {
      if (x[i] > x[top]) {
        top = i;
      }
    }
    return top;
  }

  /** The same sums in lanes. */
  private static final class Wide {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

    static double sum(float[] x, int from, int count, float max) {
      int done = FLOATS.loopBound(count);
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int i = from; i < from + done; i += FLOATS.length()) {
        FloatVector shifted = FloatVector.fromArray(FLOATS, x, i).sub(max);
        sum = shifted.lanewise(VectorOperators.EXP).add(sum);
      }
      return sum.reduceLanes(VectorOperators.ADD)
          + Divergence.sum(x, from + done, count - done, max);
    }

    static double expected(float[] p, float[] a, float norm, int from, int count) {
      int done = FLOATS.loopBound(count);
      FloatVector sum = FloatVector.zero(FLOATS);
      for (int i = from; i < from + done; i += FLOATS.length()) {
        FloatVector log = FloatVector.fromArray(FLOATS, p, i);
        FloatVector difference = log.sub(FloatVector.fromArray(FLOATS, a, i)).add(norm);
        sum = log.lanewise(VectorOperators.EXP).mul(difference).add(sum);
      }
      return sum.reduceLanes(VectorOperators.ADD)
          + Divergence.expected(p, a, norm, from + done, count - done);
    }
  }
}
