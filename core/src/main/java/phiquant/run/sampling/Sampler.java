package phiquant.run.sampling;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.SplittableRandom;

/**
 * Chooses token after token from logits. The steps and their order are those of transformers:
 * repetition penalty, temperature, top-k, top-p, min-p, then chance.
 */
public final class Sampler {
  /** How many of the last tokens count as repeated; llama.cpp's default. */
  static final int REPEAT_WINDOW = 64;

  private final Sampling sampling;
  private final SplittableRandom random;
  private final Deque<Integer> recent = new ArrayDeque<>();

  /** A sampler that has seen nothing. */
  public Sampler(Sampling sampling) {
    this.sampling = sampling;
    this.random = new SplittableRandom(sampling.seed());
  }

  /** Remembers a token of the prompt or of the answer, for the repetition penalty. */
  public void saw(int token) {
    recent.addLast(token);
    if (recent.size() > REPEAT_WINDOW) {
      recent.removeFirst();
    }
  }

  /** The next token. Changes the logits where tokens are penalized. */
  public int next(float[] logits) {
    penalize(logits, recent, sampling.repeatPenalty());
    if (sampling.temperature() == 0) {
      return likeliest(logits);
    }
    return Candidates.of(logits, sampling.temperature())
        .topK(sampling.topK())
        .topP(sampling.topP())
        .minP(sampling.minP())
        .draw(random.nextDouble());
  }

  /** The first of the tokens with the largest logit. */
  public static int likeliest(float[] logits) {
    int best = 0;
    for (int i = 1; i < logits.length; i++) {
      if (logits[i] > logits[best]) {
        best = i;
      }
    }
    return best;
  }

  /**
   * Keskar et al. 2019 (arXiv:1909.05858), section 4.1, as used since: positive logits are divided,
   * negative ones multiplied, each token once.
   */
  static void penalize(float[] logits, Iterable<Integer> tokens, double penalty) {
    if (penalty == 1) {
      return;
    }
    HashSet<Integer> distinct = new HashSet<>();
    for (int token : tokens) {
      if (distinct.add(token)) {
        double logit = logits[token];
        logits[token] = (float) (logit > 0 ? logit / penalty : logit * penalty);
      }
    }
  }
}
