package phiquant.pipeline.study;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.pipeline.Progress;
import phiquant.recipe.Candidate;
import phiquant.run.LayerWalk;
import phiquant.study.InputSquares;

/**
 * What an error in a weight costs in the end: one weight at a time is rounded, and the rest of the
 * model is run from there on. The divergence that comes out, for the error that went in, holds for
 * small errors of any format.
 */
final class Sensitivities {
  /** To be raised by whoever changes what is found. */
  static final int NUMBER = 1;

  private Sensitivities() {}

  /**
   * Nats a token for a mean error of 1 (see {@link RoundedWeight}), by the weight's name.
   *
   * @param probes what each weight is rounded to
   */
  static Map<String, Double> of(
      PhiModel model,
      Map<Weight, Candidate> probes,
      InputSquares.Found squares,
      int[][] windows,
      int threads,
      Progress progress) {
    Map<String, Double> found = new HashMap<>();
    progress.begin(
        "Probing weights",
        probes.keySet().stream().mapToLong(weight -> weight.tensor().storedBytes()).sum());
    try (Arena arena = Arena.ofShared()) {
      Prediction original = Prediction.of(model, windows, threads, arena);
      probes.forEach(
          (weight, probe) -> {
            found.put(weight.name(), of(model, weight, probe, squares, original, threads));
            progress.advance(weight.tensor().storedBytes());
          });
    } finally {
      progress.end();
    }
    return found;
  }

  private static double of(
      PhiModel model,
      Weight weight,
      Candidate probe,
      InputSquares.Found squares,
      Prediction original,
      int threads) {
    try (Arena arena = Arena.ofShared()) {
      float[] importance = squares.of(weight.tensor()).stream().findFirst().orElse(null);
      RoundedWeight rounded = RoundedWeight.of(weight.tensor(), probe, importance, threads, arena);
      if (rounded.error() == 0) {
        return 0;
      }
      PhiModel changed = model.with(Map.of(weight.name(), rounded.tensor()));
      return divergence(changed, weight, original, threads) / rounded.error();
    }
  }

  private static double divergence(
      PhiModel changed, Weight weight, Prediction original, int threads) {
    double sum = 0;
    try (LayerWalk walk = new LayerWalk(changed, original.length(), threads)) {
      for (int w = 0; w < original.windows().length; w++) {
        float[] stream = stream(walk, changed, weight, original, w);
        sum += original.divergence(walk, w, stream, changed.config().vocabulary());
      }
    }
    return sum / original.windows().length;
  }

  /** After the last layer. */
  private static float[] stream(
      LayerWalk walk, PhiModel changed, Weight weight, Prediction original, int window) {
    int from =
        switch (weight.role()) {
          case HEAD -> walk.layers();
          case EMBEDDING -> 0;
          default -> weight.layer();
        };
    float[] stream =
        weight.role() == phiquant.model.Role.EMBEDDING
            ? walk.embed(original.windows()[window])
            : original.streams()[from][window].clone();
    for (int layer = from; layer < walk.layers(); layer++) {
      walk.pass(layer, stream, null);
    }
    return stream;
  }

  /** Every weight's own probe. */
  static Candidate probe(List<Candidate> menu, double bits, Weight weight) {
    return menu.stream()
        .min(
            java.util.Comparator.comparingDouble(
                each ->
                    Math.abs(
                        8.0 * each.bytes(weight.tensor()) / weight.tensor().elements() - bits)))
        .orElseThrow();
  }
}
