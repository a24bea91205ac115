package phiquant.importance;

import java.io.Serializable;
import java.util.SortedMap;
import java.util.TreeMap;
import phiquant.engine.gguf.imatrix.ColumnSums;

/**
 * Sums of squares of what weights of a layer were multiplied with, over one sequence or several, in
 * 64 bits. Those of a sequence are added up by themselves and then to those before it, in the order
 * of the text: so they are the same to the last bit whoever has computed which sequence.
 */
public final class PartialSums implements Serializable {
  private static final long serialVersionUID = 1;

  private final TreeMap<String, Sum> sums = new TreeMap<>();

  private record Sum(int columns, double[] squares, long[] counts) implements Serializable {
    static Sum of(int matrices, int columns) {
      return new Sum(
          columns, new double[Math.multiplyExact(matrices, columns)], new long[matrices]);
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

    void add(Sum other) {
      for (int i = 0; i < squares.length; i++) {
        squares[i] += other.squares[i];
      }
      for (int i = 0; i < counts.length; i++) {
        counts[i] += other.counts[i];
      }
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

  /**
   * Adds what one matrix of a weight was multiplied with.
   *
   * @param weight llama.cpp's name
   * @param matrices how many the weight has, and which of them it is
   * @param inputs {@code [tokens, columns]}
   */
  void add(String weight, int matrices, int matrix, int columns, float[] inputs, int tokens) {
    sums.computeIfAbsent(weight, key -> Sum.of(matrices, columns)).add(matrix, inputs, tokens);
  }

  /** Adds those of what follows in the text. */
  public void add(PartialSums next) {
    next.sums.forEach(
        (weight, sum) ->
            sums.computeIfAbsent(weight, key -> Sum.of(sum.counts().length, sum.columns()))
                .add(sum));
  }

  /** Puts them, rounded, among those of other layers. */
  void into(SortedMap<String, ColumnSums> all) {
    sums.forEach((name, sum) -> all.put(name, sum.rounded()));
  }
}
