package phiquant.pipeline.study;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.recipe.Candidate;
import phiquant.recipe.Recipe;
import phiquant.run.LayerWalk;
import phiquant.study.InputSquares;

/**
 * Measures what a recipe loses, before anything is written: texts go through the model layer by
 * layer, of which one at a time is rounded and in memory.
 */
final class Trial {
  private final PhiModel model;
  private final Map<Weight, List<Candidate>> menus;
  private final InputSquares.Found squares;
  private final Prediction original;
  private final int threads;

  Trial(
      PhiModel model,
      Map<Weight, List<Candidate>> menus,
      InputSquares.Found squares,
      Prediction original,
      int threads) {
    this.model = model;
    this.menus = menus;
    this.squares = squares;
    this.original = original;
    this.threads = threads;
  }

  /** Divergence from the original, in nats a token. */
  double divergence(Recipe recipe) {
    int count = original.windows().length;
    float[][] streams = new float[count][];
    for (int layer = -1; layer <= model.config().layers(); layer++) {
      try (Arena arena = Arena.ofShared()) {
        PhiModel rounded = model.with(rounded(recipe, layer, arena));
        try (LayerWalk walk = new LayerWalk(rounded, original.length(), threads)) {
          if (layer == model.config().layers()) {
            return divergence(walk, streams);
          }
          for (int w = 0; w < count; w++) {
            if (layer < 0) {
              streams[w] = walk.embed(original.windows()[w]);
            } else {
              walk.pass(layer, streams[w], null);
            }
          }
        }
      }
    }
    throw new IllegalStateException("no layer is the last");
  }

  private double divergence(LayerWalk walk, float[][] streams) {
    double sum = 0;
    for (int w = 0; w < streams.length; w++) {
      sum += original.divergence(walk, w, streams[w], model.config().vocabulary());
    }
    return sum / streams.length;
  }

  /** What a step of the walk multiplies with: a layer, or what comes before or after all. */
  private Map<String, StoredTensor> rounded(Recipe recipe, int layer, Arena arena) {
    Map<String, StoredTensor> tensors = new HashMap<>();
    menus.forEach(
        (weight, formats) -> {
          Recipe.Choice choice = recipe.choices().get(weight.name());
          if (choice != null && isIn(weight, layer)) {
            Candidate format =
                formats.stream()
                    .filter(each -> each.format().equals(choice.format()))
                    .findFirst()
                    .orElseThrow();
            float[] importance = squares.of(weight.tensor()).stream().findFirst().orElse(null);
            tensors.put(
                weight.name(),
                RoundedWeight.of(weight.tensor(), format, importance, threads, arena).tensor());
          }
        });
    return tensors;
  }

  private boolean isIn(Weight weight, int layer) {
    boolean last = layer == model.config().layers();
    return switch (weight.role()) {
      case EMBEDDING -> layer < 0 || last && model.config().tiedHead();
      case HEAD -> last;
      default -> weight.layer() == layer;
    };
  }
}
