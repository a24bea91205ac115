package phiquant.engine.gguf.writer;

import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.ChangedTensor;

/**
 * Each column of a matrix minus its mean, so that what the matrix gives has the mean 0. The means
 * are found when the first row is asked for, which reads the matrix once more.
 */
final class CentredColumns implements ChangedTensor {
  /** Floats that are read together. */
  private static final int TOGETHER = 1 << 17;

  private final StoredTensor tensor;
  private double[] means;

  CentredColumns(StoredTensor tensor) {
    this.tensor = tensor;
  }

  @Override
  public StoredTensor tensor() {
    return tensor;
  }

  private synchronized double[] means() {
    if (means == null) {
      int columns = Math.toIntExact(columns());
      int most = Math.max(1, TOGETHER / columns);
      float[] some = new float[most * columns];
      double[] sums = new double[columns];
      for (long row = 0; row < rows(); row += most) {
        int count = (int) Math.min(most, rows() - row);
        tensor.read(row, count, some, 0);
        for (int i = 0; i < count * columns; i++) {
          sums[i % columns] += some[i];
        }
      }
      for (int i = 0; i < columns; i++) {
        sums[i] /= rows();
      }
      means = sums;
    }
    return means;
  }

  /** The means are those of all rows. */
  @Override
  public long position(long row) {
    return tensor.position(0);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    double[] all = means();
    tensor.read(first, count, out, at);
    for (int i = 0; i < count * all.length; i++) {
      out[at + i] = (float) (out[at + i] - all[i % all.length]);
    }
  }
}
