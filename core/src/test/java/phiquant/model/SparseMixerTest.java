package phiquant.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

/** The formula, on scores that a person can follow. */
class SparseMixerTest {
  private final int[] chosen = new int[2];
  private final float[] weights = new float[2];

  @Test
  void expertsFarApartHaveTheWeightOne() {
    choose(1, 5, 3, -2);
    assertThat(chosen).containsExactly(1, 2);
    assertThat(weights).containsExactly(1, 1);
  }

  /** 2 percent of 5 is 0.1: only 4.95 is close to the best, and nothing to the second. */
  @Test
  void aScoreThatComesCloseSharesTheWeight() {
    choose(4.95f, 5, 4.8f, -2);
    assertThat(chosen).containsExactly(1, 0);
    assertThat(weights[0]).isCloseTo((float) (1 / (1 + Math.exp(-0.05))), within(1e-6f));
    assertThat(weights[1]).isEqualTo(1);
  }

  /** Of the second, the best does not count, however close. */
  @Test
  void theSecondSharesWithTheRestOnly() {
    choose(5, 5, 4.95f, 0);
    assertThat(chosen).containsExactly(0, 1);
    assertThat(weights[0]).isCloseTo((float) (1 / (2 + Math.exp(-0.05))), within(1e-6f));
    assertThat(weights[1]).isCloseTo((float) (1 / (1 + Math.exp(-0.05))), within(1e-6f));
  }

  /** The limit is relative to the score's own size where that is larger. */
  @Test
  void negativeScoresAreMeasuredByTheirSize() {
    choose(-5, -5.05f, -9, -8);
    assertThat(chosen).containsExactly(0, 1);
    assertThat(weights[0]).isCloseTo((float) (1 / (1 + Math.exp(-0.05))), within(1e-5f));
  }

  @Test
  void scoresOfZeroAreAllAlike() {
    choose(0, 0, 0, 0);
    assertThat(chosen).containsExactly(0, 1);
    assertThat(weights[0]).isCloseTo(1 / 4f, within(1e-6f));
    assertThat(weights[1]).isCloseTo(1 / 3f, within(1e-6f));
  }

  private void choose(float... scores) {
    new SparseMixer(0.01).choose(scores, chosen, weights);
  }
}
