package phiquant.run.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import phiquant.UserError;

/** Every step keeps what its definition says, computed the slow way over sorted probabilities. */
class SamplerTest {
  @Provide
  Arbitrary<float[]> logits() {
    return Arbitraries.floats().between(-20, 20).array(float[].class).ofMinSize(1).ofMaxSize(300);
  }

  @Property(tries = 300)
  void weightsAreProportionalToTheSoftmax(
      @ForAll("logits") float[] logits, @ForAll @DoubleRange(min = 0.1, max = 5) double t) {
    double[] expected = softmax(logits, t);
    Candidates all = Candidates.of(logits, t);
    double sum = Arrays.stream(all.weights()).sum();
    for (int i = 0; i < logits.length; i++) {
      assertThat(all.ids()[i]).isEqualTo(i);
      assertThat(all.weights()[i] / sum).isCloseTo(expected[i], within(1e-9));
    }
  }

  @Property(tries = 300)
  void topKKeepsTheFirstOfTheSorted(
      @ForAll("logits") float[] logits, @ForAll @IntRange(min = 1, max = 320) int k) {
    int[] kept = Candidates.of(logits, 1).topK(k).ids();
    List<Integer> order = sorted(softmax(logits, 1));
    assertThat(kept).hasSize(Math.min(k, logits.length));
    if (k < logits.length) {
      assertThat(kept).containsExactly(order.stream().limit(k).mapToInt(i -> i).toArray());
    }
  }

  @Property(tries = 300)
  void topPKeepsTheSmallestNucleus(
      @ForAll("logits") float[] logits, @ForAll @DoubleRange(min = 0.01, max = 0.99) double p) {
    double[] probabilities = softmax(logits, 1);
    List<Integer> order = sorted(probabilities);
    int[] kept = Candidates.of(logits, 1).topP(p).ids();
    assertThat(kept).containsExactly(order.stream().limit(kept.length).mapToInt(i -> i).toArray());
    double mass = Arrays.stream(kept).mapToDouble(i -> probabilities[i]).sum();
    assertThat(mass).isGreaterThanOrEqualTo(p - 1e-9);
    assertThat(mass - probabilities[kept[kept.length - 1]]).isLessThan(p + 1e-9);
  }

  @Property(tries = 300)
  void minPKeepsWhatIsLikelyBesideTheLikeliest(
      @ForAll("logits") float[] logits, @ForAll @DoubleRange(min = 0.01, max = 1) double p) {
    double[] weights = Candidates.of(logits, 1).weights();
    int[] expected = IntStream.range(0, logits.length).filter(i -> weights[i] >= p).toArray();
    assertThat(Candidates.of(logits, 1).minP(p).ids()).containsExactly(expected);
  }

  @Example
  void drawnTokensAreAsFrequentAsTheyAreLikely() {
    float[] logits = {1, 3, 2, -50};
    double[] expected = softmax(logits, 0.8);
    Sampler sampler = new Sampler(new Sampling(0.8, 0, 1, 0, 1, 7));
    int[] counts = new int[4];
    for (int i = 0; i < 100_000; i++) {
      counts[sampler.next(logits.clone())]++;
    }
    for (int i = 0; i < 4; i++) {
      // Five standard deviations of a binomial count of this size are below 0.008.
      assertThat(counts[i] / 1e5).isCloseTo(expected[i], within(0.008));
    }
  }

  @Example
  void theSeedDecides() {
    float[] logits = new float[50];
    assertThat(drawn(logits, 1)).isEqualTo(drawn(logits, 1)).isNotEqualTo(drawn(logits, 2));
  }

  private static List<Integer> drawn(float[] logits, long seed) {
    Sampler sampler = new Sampler(new Sampling(1, 0, 1, 0, 1, seed));
    return IntStream.range(0, 20).map(i -> sampler.next(logits.clone())).boxed().toList();
  }

  @Property(tries = 100)
  void greedyTakesTheFirstOfTheLargest(@ForAll("logits") float[] logits) {
    int token = new Sampler(Sampling.GREEDY).next(logits.clone());
    assertThat(token).isEqualTo(sorted(softmax(logits, 1e-3)).get(0));
  }

  @Example
  void repeatedTokensArePenalizedOnceAndForgottenAfterTheWindow() {
    float[] logits = {4, -2, 1};
    Sampler.penalize(logits, List.of(0, 1, 0), 2);
    assertThat(logits).containsExactly(2, -4, 1);
    Sampler sampler = new Sampler(new Sampling(0, 0, 1, 0, 2, 0));
    sampler.saw(0);
    assertThat(sampler.next(new float[] {4, -2, 3})).isEqualTo(2);
    IntStream.range(0, Sampler.REPEAT_WINDOW).forEach(i -> sampler.saw(1));
    assertThat(sampler.next(new float[] {4, -2, 3})).isZero();
  }

  @Example
  void settingsOutsideOfTheirRangeAreRefused() {
    assertThatThrownBy(() -> new Sampling(-1, 0, 1, 0, 1, 0)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> new Sampling(Double.NaN, 0, 1, 0, 1, 0)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> new Sampling(1, -1, 1, 0, 1, 0)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> new Sampling(1, 0, 0, 0, 1, 0)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> new Sampling(1, 0, 1, 2, 1, 0)).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> new Sampling(1, 0, 1, 0, 0, 0)).isInstanceOf(UserError.class);
  }

  /** Phi-4-reasoning's generation_config.json asks for sampling, Phi-3.5's does not. */
  @Example
  void theMakersRecommendationIsFollowed() throws IOException {
    ObjectMapper json = new ObjectMapper();
    assertThat(
            Sampling.recommended(
                json.readTree("{\"do_sample\": true, \"temperature\": 0.8, \"top_p\": 0.95}"), 3))
        .isEqualTo(new Sampling(0.8, 50, 0.95, 0, 1, 3));
    assertThat(Sampling.recommended(json.readTree("{\"temperature\": 0.8}"), 0))
        .isEqualTo(Sampling.GREEDY);
  }

  private static double[] softmax(float[] logits, double t) {
    double max = IntStream.range(0, logits.length).mapToDouble(i -> logits[i] / t).max().orElse(0);
    double[] e =
        IntStream.range(0, logits.length).mapToDouble(i -> Math.exp(logits[i] / t - max)).toArray();
    double sum = Arrays.stream(e).sum();
    return Arrays.stream(e).map(x -> x / sum).toArray();
  }

  private static List<Integer> sorted(double[] probabilities) {
    return IntStream.range(0, probabilities.length)
        .boxed()
        .sorted(Comparator.<Integer>comparingDouble(i -> -probabilities[i]).thenComparing(i -> i))
        .toList();
  }
}
