package phiquant.run.sampling;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * Tokens that may come next, each with a weight proportional to its probability. Every step keeps
 * some of them; those that sort, sort only what could be kept, since a vocabulary has up to 200,000
 * tokens.
 *
 * @param ids the tokens
 * @param weights of the same length; the largest is 1 unless nothing is left
 */
record Candidates(int[] ids, double[] weights) {
  /** The softmax of logits / temperature, without the division by the sum. */
  static Candidates of(float[] logits, double temperature) {
    double max = logits[Sampler.likeliest(logits)];
    int[] ids = new int[logits.length];
    double[] weights = new double[logits.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i;
      weights[i] = Math.exp((logits[i] - max) / temperature);
    }
    return new Candidates(ids, weights);
  }

  /** The {@code count} likeliest ones (0: all); of equals the lower id. */
  Candidates topK(int count) {
    if (count == 0 || count >= ids.length) {
      return this;
    }
    PriorityQueue<Integer> kept = new PriorityQueue<>((a, b) -> -compare(a, b));
    for (int i = 0; i < ids.length; i++) {
      if (kept.size() < count) {
        kept.add(i);
      } else if (compare(i, kept.element()) < 0) {
        kept.remove();
        kept.add(i);
      }
    }
    return take(kept.stream().mapToInt(Integer::intValue).toArray()).sorted();
  }

  /**
   * The fewest of the likeliest ones that have together at least the probability {@code p}
   * (Holtzman et al. 2020, arXiv:1904.09751), likeliest first.
   */
  Candidates topP(double p) {
    if (p >= 1) {
      return this;
    }
    double sum = Arrays.stream(weights).sum();
    // Those below this have together less than 1 - p, so none of them is needed.
    double floor = sum * (1 - p) / ids.length;
    Candidates sorted = atLeast(floor).sorted();
    double reached = 0;
    int count = 0;
    while (count < sorted.ids.length && reached < p * sum) {
      reached += sorted.weights[count++];
    }
    return sorted.first(Math.max(1, count));
  }

  /**
   * Those with at least {@code p} times the likeliest one's probability (Nguyen et al. 2024,
   * arXiv:2407.01082).
   */
  Candidates minP(double p) {
    return p == 0 ? this : atLeast(p * Arrays.stream(weights).max().orElse(0));
  }

  /**
   * One of them, by its share.
   *
   * @param u from 0 to below 1, uniformly distributed
   */
  int draw(double u) {
    double left = u * Arrays.stream(weights).sum();
    int last = ids[0];
    for (int i = 0; i < ids.length; i++) {
      if (weights[i] > 0) {
        last = ids[i];
        left -= weights[i];
        if (left < 0) {
          return last;
        }
      }
    }
    return last; // Rounding may leave a little.
  }

  private Candidates atLeast(double floor) {
    int[] kept = new int[ids.length];
    int count = 0;
    for (int i = 0; i < ids.length; i++) {
      if (weights[i] >= floor) {
        kept[count++] = i;
      }
    }
    return take(Arrays.copyOf(kept, count));
  }

  private Candidates sorted() {
    Integer[] order = new Integer[ids.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, this::compare);
    return take(Arrays.stream(order).mapToInt(Integer::intValue).toArray());
  }

  private int compare(int a, int b) {
    int byWeight = Double.compare(weights[b], weights[a]);
    return byWeight != 0 ? byWeight : Integer.compare(ids[a], ids[b]);
  }

  private Candidates take(int[] positions) {
    int[] takenIds = new int[positions.length];
    double[] takenWeights = new double[positions.length];
    for (int i = 0; i < positions.length; i++) {
      takenIds[i] = ids[positions[i]];
      takenWeights[i] = weights[positions[i]];
    }
    return new Candidates(takenIds, takenWeights);
  }

  private Candidates first(int count) {
    return new Candidates(Arrays.copyOf(ids, count), Arrays.copyOf(weights, count));
  }
}
