package phiquant.importance;

import java.util.HashMap;
import java.util.Map;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Piled;
import phiquant.engine.gguf.GgufNames;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.run.LayerObserver;

/**
 * Adds up the squares of what the weights of a layer are multiplied with, in the order of the text,
 * by llama.cpp's names. Experts of a layer are one weight to llama.cpp, with sums and a count of
 * its tokens for each.
 */
final class LayerSums implements LayerObserver {
  /** Which of so many matrices a tensor is. */
  private record Pile(int index, int count) {
    static final Pile ALONE = new Pile(0, 1);
  }

  private final Map<String, Pile> places = new HashMap<>();
  private PartialSums sums = new PartialSums();

  LayerSums(PhiModel model) {
    for (Weight weight : model.piled()) {
      if (weight.tensor() instanceof Piled piled) {
        for (int i = 0; i < piled.parts().size(); i++) {
          StoredTensor part = piled.parts().get(i);
          places.put(part.name(), new Pile(i, piled.parts().size()));
        }
      }
    }
  }

  @Override
  public void accept(Weight weight, int tokens, float[] inputs) {
    String name = GgufNames.of(weight.role(), weight.layer(), weight.bias());
    int columns = Math.toIntExact(weight.tensor().columns());
    Pile place = places.getOrDefault(weight.name(), Pile.ALONE);
    sums.add(name, place.count(), place.index(), columns, inputs, tokens);
  }

  /** What was seen since they were taken before. */
  PartialSums take() {
    PartialSums seen = sums;
    sums = new PartialSums();
    return seen;
  }
}
