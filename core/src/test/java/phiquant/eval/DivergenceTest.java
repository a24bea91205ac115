package phiquant.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import phiquant.run.floats.Divergence;

/** Divergence, loss and quantiles against their formulas in double and against closed forms. */
class DivergenceTest {
  /** {@code KL(p‖q) = 3/4 ln(3/2) + 1/4 ln(1/2)} for p = (3/4, 1/4), q = (1/2, 1/2). */
  @Example
  void twoOutcomes() {
    float[] p = {(float) Math.log(0.75), (float) Math.log(0.25)};
    Divergence.Of found = Divergence.of(p, new float[] {7, 7}, 1);
    assertThat(found.divergence())
        .isCloseTo(0.75 * Math.log(1.5) + 0.25 * Math.log(0.5), within(1e-6));
    assertThat(found.loss()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(found.sameTop()).isTrue();
  }

  @Property(tries = 200)
  void sumsEqualTheFormula(@ForAll long seed, @ForAll @IntRange(min = 2, max = 5000) int size) {
    Random random = new Random(seed);
    float[] original = logits(random, size);
    float[] other = original.clone();
    for (int i = 0; i < size; i++) {
      other[i] += (float) (0.3 * random.nextGaussian());
    }
    double[] p = logSoftmax(original);
    double[] q = logSoftmax(other);
    double expected = 0;
    for (int i = 0; i < size; i++) {
      expected += Math.exp(p[i]) * (p[i] - q[i]);
    }
    float[] reference = original.clone();
    Divergence.normalize(reference);
    int next = random.nextInt(size);
    Divergence.Of found = Divergence.of(reference, other, next);
    assertThat(found.divergence()).isCloseTo(expected, within(1e-5));
    assertThat(found.loss()).isCloseTo(-q[next], within(1e-5));
  }

  /** Equal predictions have none, whatever is added to all logits. */
  @Property(tries = 100)
  void shiftsDoNotMatter(@ForAll long seed, @ForAll @IntRange(min = -50, max = 50) int shift) {
    float[] logits = logits(new Random(seed), 3000);
    float[] reference = logits.clone();
    Divergence.normalize(reference);
    float[] shifted = logits.clone();
    for (int i = 0; i < shifted.length; i++) {
      shifted[i] += shift;
    }
    assertThat(Divergence.of(reference, shifted, 0).divergence()).isCloseTo(0, within(2e-5));
  }

  /** numpy.percentile([1, 2, 4, 8], [50, 99]) is 3 and 7.88. */
  @Example
  void quantilesAreNumpys() {
    double[] sorted = {1, 2, 4, 8};
    assertThat(Scores.quantile(sorted, 0.5)).isCloseTo(3, within(1e-12));
    assertThat(Scores.quantile(sorted, 0.99)).isCloseTo(7.88, within(1e-12));
    assertThat(Scores.quantile(new double[] {5}, 0.99)).isEqualTo(5);
  }

  /** Two tokens with probabilities 1/2 and 1/8 have a perplexity of {@code sqrt(2 · 8) = 4}. */
  @Example
  void perplexityIsTheGeometricMean() {
    Scores.Collector collector = new Scores.Collector(2);
    collector.add(new Divergence.Of(Math.log(2), 0.1, true));
    collector.add(new Divergence.Of(Math.log(8), 0.3, false));
    Scores scores = collector.scores();
    assertThat(scores.perplexity()).isCloseTo(4, within(1e-12));
    assertThat(scores.meanKl()).isCloseTo(0.2, within(1e-12));
    assertThat(scores.medianKl()).isCloseTo(0.2, within(1e-12));
    assertThat(scores.sameTop()).isEqualTo(0.5);
  }

  private static float[] logits(Random random, int size) {
    float[] logits = new float[size];
    for (int i = 0; i < size; i++) {
      logits[i] = (float) (4 * random.nextGaussian());
    }
    return logits;
  }

  private static double[] logSoftmax(float[] logits) {
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    double[] logs = new double[logits.length];
    for (int i = 0; i < logs.length; i++) {
      logs[i] = logits[i] - Math.log(sum);
    }
    return logs;
  }
}
