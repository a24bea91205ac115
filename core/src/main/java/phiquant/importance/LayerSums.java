package phiquant.importance;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import phiquant.checkpoint.Piled;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.run.LayerObserver;

/**
 * Adds up the squares of what the weights of a layer are multiplied with, in 64 bits and in the
 * order of the text, so that the sums are the same on every machine. Experts of a layer are one
 * weight to llama.cpp, with sums and a count of its tokens for each.
 */
final class LayerSums implements LayerObserver {
  /** Which of so many matrices a tensor is. */
  private record Pile(int index, int count) {
    static final Pile ALONE = new Pile(0, 1);
  }

  private final Map<String, Pile> places = new HashMap<>();
  private final SortedMap<String, Sum> sums = new TreeMap<>();

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

  private static final class Sum {
    private final int columns;
    private final double[] squares;
    private final long[] counts;

    Sum(int matrices, int columns) {
      this.columns = columns;
      squares = new double[Math.multiplyExact(matrices, columns)];
      counts = new long[matrices];
    }

    void add(int matrix, float[] inputs, int tokens) {
      for (int t = 0; t < tokens; t++) {
        for (int i = 0; i < columns; i++) {
          double x = inputs[t * columns + i];
          squares[matrix * columns + i] += x * x;
        }
      }
      counts[matrix] += tokens;
    }

    ColumnSums rounded() {
      float[] rounded = new float[squares.length];
      for (int i = 0; i < rounded.length; i++) {
        rounded[i] = (float) squares[i];
      }
      float[] tokens = new float[counts.length];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = counts[i];
      }
      return new ColumnSums(rounded, tokens);
    }
  }

  @Override
  public void accept(Weight weight, int tokens, float[] inputs) {
    String name = GgufNames.of(weight.role(), weight.layer(), weight.bias());
    int columns = Math.toIntExact(weight.tensor().columns());
    Pile place = places.getOrDefault(weight.name(), Pile.ALONE);
    sums.computeIfAbsent(name, key -> new Sum(place.count(), columns))
        .add(place.index(), inputs, tokens);
  }

  /** What was seen, by llama.cpp's names. */
  void into(SortedMap<String, ColumnSums> all) {
    sums.forEach((name, sum) -> all.put(name, sum.rounded()));
  }
}
