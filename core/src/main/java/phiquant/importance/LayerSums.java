package phiquant.importance;

import java.util.SortedMap;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.run.LayerObserver;

/**
 * Adds up the squares of what the weights of a layer are multiplied with, in 64 bits and in the
 * order of the text, so that the sums are the same on every machine.
 */
final class LayerSums implements LayerObserver {
  private final SortedMap<String, Sum> sums = new TreeMap<>();

  private static final class Sum {
    private final double[] squares;
    private long count;

    Sum(int columns) {
      squares = new double[columns];
    }

    void add(float[] inputs, int tokens) {
      for (int t = 0; t < tokens; t++) {
        add(inputs, t * squares.length, squares);
      }
      count += tokens;
    }

    private static void add(float[] inputs, int at, double[] squares) {
      for (int i = 0; i < squares.length; i++) {
        double x = inputs[at + i];
        squares[i] += x * x;
      }
    }

    ColumnSums rounded() {
      float[] rounded = new float[squares.length];
      for (int i = 0; i < rounded.length; i++) {
        rounded[i] = (float) squares[i];
      }
      return new ColumnSums(rounded, new float[] {count});
    }
  }

  @Override
  public void accept(Weight weight, int tokens, float[] inputs) {
    if (weight.role() == Role.EXPERT_UP) {
      throw new UserError("calibrate does not gather importances of experts yet.");
    }
    String name = GgufNames.of(weight.role(), weight.layer(), weight.bias());
    int columns = Math.toIntExact(weight.tensor().columns());
    sums.computeIfAbsent(name, key -> new Sum(columns)).add(inputs, tokens);
  }

  /** What was seen, by llama.cpp's names. */
  void into(SortedMap<String, ColumnSums> all) {
    sums.forEach((name, sum) -> all.put(name, sum.rounded()));
  }
}
