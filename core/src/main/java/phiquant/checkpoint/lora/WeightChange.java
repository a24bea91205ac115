package phiquant.checkpoint.lora;

import java.util.Arrays;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.FloatType;

/**
 * What an adapter does to some rows of a matrix. Sums are computed as PEFT and PyTorch compute them
 * on a CPU: both factors as floats, {@code B · A} with a fused product and sum for every rank from
 * the first to the last, then times the scale, then added and rounded to the type of the base.
 */
sealed interface WeightChange {
  /** Numbers of a row that are summed at once: with all ranks they stay in a near cache. */
  int TOGETHER = 1024;

  /** How many rows, and how many columns it is for. */
  long rows();

  /** Columns of the matrix. */
  long columns();

  /**
   * Changes a part of the matrix.
   *
   * @param row the first of its own rows
   * @param out the numbers, {@code [count, width]} from {@code at}
   * @param type that the results are rounded to
   */
  void apply(long row, int count, int column, int width, float[] out, int at, FloatType type);

  /**
   * A linear layer: {@code W + scale · B · A} (Hu et al. 2021, arXiv:2106.09685, section 4.1;
   * {@code Linear.get_delta_weight} of peft's tuners/lora/layer.py).
   *
   * @param a {@code [rank, columns]}
   * @param b {@code [rows, rank]}
   */
  record Linear(StoredTensor a, StoredTensor b, float scale) implements WeightChange {
    @Override
    public long rows() {
      return b.rows();
    }

    @Override
    public long columns() {
      return a.columns();
    }

    @Override
    public void apply(
        long row, int count, int column, int width, float[] out, int at, FloatType type) {
      int rank = Math.toIntExact(a.rows());
      float[] left = new float[count * rank];
      float[] right = new float[rank * width];
      b.read(row, count, left, 0);
      a.readColumns(0, rank, column, width, right, 0);
      add(left, right, rank, scale, FloatType.FLOAT32, out, at, width);
      round(type, out, at, count * width);
    }
  }

  /**
   * An embedding: {@code W + scale · (B · A)ᵀ}. What is added is rounded by itself first ({@code
   * Embedding.merge} of the same file).
   *
   * @param a {@code [rank, rows]}
   * @param b {@code [columns, rank]}
   */
  record Embedding(StoredTensor a, StoredTensor b, float scale) implements WeightChange {
    @Override
    public long rows() {
      return a.columns();
    }

    @Override
    public long columns() {
      return b.rows();
    }

    @Override
    public void apply(
        long row, int count, int column, int width, float[] out, int at, FloatType type) {
      int rank = Math.toIntExact(a.rows());
      float[] turnedLeft = new float[rank * count];
      float[] turnedRight = new float[width * rank];
      a.readColumns(0, rank, Math.toIntExact(row), count, turnedLeft, 0);
      b.read(column, width, turnedRight, 0);
      float[] left = turned(turnedLeft, rank, count);
      float[] right = turned(turnedRight, width, rank);
      add(left, right, rank, scale, type, out, at, width);
      round(type, out, at, count * width);
    }

    private static float[] turned(float[] x, int rows, int columns) {
      float[] turned = new float[x.length];
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) {
          turned[c * rows + r] = x[r * columns + c];
        }
      }
      return turned;
    }
  }

  /** Trained as a whole ({@code modules_to_save}, biases): other numbers instead. */
  record Replacement(StoredTensor tensor) implements WeightChange {
    @Override
    public long rows() {
      return tensor.rows();
    }

    @Override
    public long columns() {
      return tensor.columns();
    }

    @Override
    public void apply(
        long row, int count, int column, int width, float[] out, int at, FloatType type) {
      tensor.readColumns(row, count, column, width, out, at);
      round(type, out, at, count * width);
    }
  }

  /** Adds {@code scale · left · right}, rounded to {@code type}, without rounding the sum. */
  private static void add(
      float[] left,
      float[] right,
      int rank,
      float scale,
      FloatType type,
      float[] out,
      int at,
      int width) {
    int count = left.length / rank;
    float[] sum = new float[Math.min(width, TOGETHER)];
    for (int column = 0; column < width; column += TOGETHER) {
      int some = Math.min(TOGETHER, width - column);
      for (int row = 0; row < count; row++) {
        Arrays.fill(sum, 0, some, 0);
        for (int k = 0; k < rank; k++) {
          multiplyAdd(left[row * rank + k], right, k * width + column, sum, some);
        }
        for (int c = 0; c < some; c++) {
          sum[c] *= scale;
        }
        type.round(sum, 0, some, sum);
        int begin = at + row * width + column;
        for (int c = 0; c < some; c++) {
          out[begin + c] += sum[c];
        }
      }
    }
  }

  private static void round(FloatType type, float[] x, int at, int count) {
    for (int i = at; i < at + count; i++) {
      x[i] = type.round(x[i]);
    }
  }

  private static void multiplyAdd(float x, float[] y, int from, float[] sum, int count) {
    for (int i = 0; i < count; i++) {
      sum[i] = Math.fma(x, y[from + i], sum[i]);
    }
  }
}
