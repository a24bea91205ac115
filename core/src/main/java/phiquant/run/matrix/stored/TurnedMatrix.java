package phiquant.run.matrix.stored;

import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.FLOATS;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Needs;
import phiquant.run.matrix.plain.PlainMatrix;

/**
 * A matrix that is stored turned: one line for each column, as ONNX's {@code MatMul} wants it. A
 * stripe of rows is decoded some lines at a time into the cache and added to the sums of the
 * stripe, so that memory is read in the order in which it lies.
 */
final class TurnedMatrix extends Matrix {
  /** Rows are a multiple of this, and lines are read in multiples of it. */
  static final int UNIT = 32;

  /** Rows of a stripe: parts of lines this long keep the processor's prefetching busy. */
  static final int WIDTH = 1024;

  /** Lines decoded together. */
  private static final int LINES = 16;

  private static final ThreadLocal<float[]> TILE =
      ThreadLocal.withInitial(() -> new float[LINES * WIDTH]);
  private static final ThreadLocal<float[]> SUMS = ThreadLocal.withInitial(() -> new float[WIDTH]);

  /** Tokens whose sums are kept while a stripe is decoded once for all of them. */
  private static final int TOKENS = 8;

  private static final ThreadLocal<float[][]> MORE_SUMS =
      ThreadLocal.withInitial(() -> new float[TOKENS][WIDTH]);

  /** The lines of a stored matrix, as floats. */
  interface Lines {
    /**
     * Decodes a part of some lines.
     *
     * @param first of the rows, a multiple of {@link #UNIT}
     * @param width rows, a multiple of it, at most {@link #WIDTH}
     * @param out receives {@code [count, width]}
     */
    void read(int line, int count, int first, int width, float[] out);
  }

  private final Lines lines;

  TurnedMatrix(int rows, int columns, ActivationRounding rounding, Lines lines) {
    super(rows, columns, Needs.numbers(rounding));
    this.lines = lines;
  }

  /**
   * Those of plain numbers: the rows of the matrix as it is stored, parts of which begin anywhere.
   */
  static Lines lines(PlainMatrix stored) {
    return (line, count, first, width, out) ->
        stored.read(line, count, first, width, out, 0, width);
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    int columns = columns();
    float[] tile = TILE.get();
    float[] sums = SUMS.get();
    int last = Math.ceilDiv(to, UNIT) * UNIT;
    for (int first = from / UNIT * UNIT; first < last; first += WIDTH) {
      int width = Math.min(WIDTH, last - first);
      Arrays.fill(sums, 0);
      for (int line = 0; line < columns; line += LINES) {
        int count = Math.min(LINES, columns - line);
        lines.read(line, count, first, width, tile);
        add(tile, count, width, input.x, line, sums);
      }
      int begin = Math.max(from, first);
      int end = Math.min(to, first + width);
      System.arraycopy(sums, begin - first, y, yAt + begin, end - begin);
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    for (int t = 0; t < tokens; t += TOKENS) {
      multiplyEach(from, to, inputs, t, Math.min(tokens, t + TOKENS), y, yAt);
    }
  }

  private void multiplyEach(
      int from, int to, Input[] inputs, int token, int end, float[][] y, int yAt) {
    int columns = columns();
    float[] tile = TILE.get();
    float[][] sums = MORE_SUMS.get();
    int last = Math.ceilDiv(to, UNIT) * UNIT;
    for (int first = from / UNIT * UNIT; first < last; first += WIDTH) {
      int width = Math.min(WIDTH, last - first);
      for (float[] some : sums) {
        Arrays.fill(some, 0);
      }
      for (int line = 0; line < columns; line += LINES) {
        int count = Math.min(LINES, columns - line);
        lines.read(line, count, first, width, tile);
        for (int t = token; t < end; t++) {
          add(tile, count, width, inputs[t].x, line, sums[t - token]);
        }
      }
      int begin = Math.max(from, first);
      int length = Math.min(to, first + width) - begin;
      for (int t = token; t < end; t++) {
        System.arraycopy(sums[t - token], begin - first, y[t], yAt + begin, length);
      }
    }
  }

  /** {@code sums[i] += Σ_j tile[j, i] · x[xAt + j]}. */
  private static void add(float[] tile, int count, int width, float[] x, int xAt, float[] sums) {
    for (int i = 0; i < width; i += COUNT) {
      FloatVector sum = FloatVector.fromArray(FLOATS, sums, i);
      for (int j = 0; j < count; j++) {
        sum =
            FloatVector.fromArray(FLOATS, tile, j * width + i)
                .fma(FloatVector.broadcast(FLOATS, x[xAt + j]), sum);
      }
      sum.intoArray(sums, i);
    }
  }

  @Override
  public void read(int row, int column, int count, float[] out, int at) {
    read(row, 1, column, count, out, at, 0);
  }

  @Override
  public void read(int row, int some, int column, int count, float[] out, int at, int stride) {
    float[] tile = TILE.get();
    for (int begin = row; begin < row + some; ) {
      int first = begin / UNIT * UNIT;
      int end = Math.min(row + some, first + UNIT);
      for (int k = 0; k < count; k += LINES) {
        int deep = Math.min(LINES, count - k);
        lines.read(column + k, deep, first, UNIT, tile);
        for (int r = begin; r < end; r++) {
          int to = at + (r - row) * stride + k;
          for (int j = 0; j < deep; j++) {
            out[to + j] = tile[j * UNIT + r - first];
          }
        }
      }
      begin = end;
    }
  }
}
