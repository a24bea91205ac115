package phiquant.checkpoint.derived;

import phiquant.checkpoint.StoredTensor;

/** A tensor times a number. */
public record Scaled(StoredTensor tensor, float factor) implements ChangedTensor {
  @Override
  public void read(long first, int count, float[] out, int at) {
    tensor.read(first, count, out, at);
    scale(out, at, Math.multiplyExact(count, Math.toIntExact(columns())));
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    tensor.readColumns(first, count, firstColumn, width, out, at);
    scale(out, at, Math.multiplyExact(count, width));
  }

  private void scale(float[] out, int at, int count) {
    for (int i = at; i < at + count; i++) {
      out[i] *= factor;
    }
  }
}
