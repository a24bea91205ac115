package phiquant.run.matrix.stored;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.VectorSupport;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Input;
import phiquant.run.matrix.Lanes;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.Needs;

/**
 * Any stored matrix, decoded a few rows at a time by its own reader: right for every format, fast
 * for none.
 */
final class StoredMatrix extends Matrix {
  /** Rows decoded together: those of a matrix that is stored turned share lines of the cache. */
  private static final int TOGETHER = 8;

  private final StoredTensor tensor;

  StoredMatrix(StoredTensor tensor, ActivationRounding rounding) {
    super(
        Math.toIntExact(tensor.rows()), Math.toIntExact(tensor.columns()), Needs.numbers(rounding));
    this.tensor = tensor;
  }

  @Override
  public void multiply(int from, int to, Input input, float[] y, int yAt) {
    float[] some = new float[Math.min(TOGETHER, to - from) * columns()];
    for (int first = from; first < to; first += TOGETHER) {
      int count = Math.min(TOGETHER, to - first);
      tensor.read(first, count, some, 0);
      for (int r = 0; r < count; r++) {
        y[yAt + first + r] = dot(some, r * columns(), input.x);
      }
    }
  }

  @Override
  public void multiplyEach(int from, int to, Input[] inputs, int tokens, float[][] y, int yAt) {
    float[] some = new float[Math.min(TOGETHER, to - from) * columns()];
    for (int first = from; first < to; first += TOGETHER) {
      int count = Math.min(TOGETHER, to - first);
      tensor.read(first, count, some, 0);
      for (int t = 0; t < tokens; t++) {
        for (int r = 0; r < count; r++) {
          y[t][yAt + first + r] = dot(some, r * columns(), inputs[t].x);
        }
      }
    }
  }

  private float dot(float[] row, int at, float[] x) {
    int columns = columns();
    int done = VectorSupport.available() ? columns - columns % Wide.STEP : 0;
    float sum = done > 0 ? Wide.dot(row, at, x, done) : 0;
    for (int k = done; k < columns; k++) {
      sum += row[at + k] * x[k];
    }
    return sum;
  }

  @Override
  public void read(int row, int column, int count, float[] out, int at) {
    tensor.readColumns(row, 1, column, count, out, at);
  }

  /** Apart, because loading it needs the vector module. */
  private static final class Wide {
    static final int STEP = Lanes.COUNT;

    static float dot(float[] w, int at, float[] x, int count) {
      FloatVector sum = FloatVector.zero(Lanes.FLOATS);
      for (int k = 0; k < count; k += STEP) {
        FloatVector part = FloatVector.fromArray(Lanes.FLOATS, w, at + k);
        sum = part.fma(FloatVector.fromArray(Lanes.FLOATS, x, k), sum);
      }
      return sum.reduceLanes(VectorOperators.ADD);
    }
  }
}
