package phiquant.checkpoint.lora;

import java.util.Arrays;
import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.FloatType;

/**
 * A tensor with what an adapter does to it, done to every part of it as it is read. Its numbers are
 * of the type that the base is stored as; those of a quantized base become floats.
 *
 * @param base the tensor without the adapter
 * @param changes of its rows, in the order in which they are made
 */
record MergedTensor(StoredTensor base, List<At> changes) implements StoredTensor {
  /** A change, and the first of the base's rows that it is for. */
  record At(long first, WeightChange change) {}

  /** The tensor with another base below all that was added before; the last such base counts. */
  static StoredTensor below(StoredTensor tensor, At change) {
    return tensor instanceof MergedTensor merged && merged.adds()
        ? new MergedTensor(below(merged.base(), change), merged.changes())
        : new MergedTensor(tensor, List.of(change));
  }

  private boolean adds() {
    return changes.stream().anyMatch(at -> !(at.change() instanceof WeightChange.Replacement));
  }

  private FloatType type() {
    return Arrays.stream(FloatType.values())
        .filter(type -> type.storedName().equals(base.format()))
        .findFirst()
        .orElse(FloatType.FLOAT32);
  }

  @Override
  public String name() {
    return base.name();
  }

  @Override
  public List<Long> shape() {
    return base.shape();
  }

  @Override
  public String format() {
    return type().storedName();
  }

  @Override
  public long storedBytes() {
    return base.storedBytes();
  }

  @Override
  public long position(long row) {
    return base.position(row);
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    base.read(first, count, out, at);
    change(first, count, 0, Math.toIntExact(columns()), out, at);
  }

  @Override
  public void readColumns(long first, int count, int firstColumn, int width, float[] out, int at) {
    base.readColumns(first, count, firstColumn, width, out, at);
    change(first, count, firstColumn, width, out, at);
  }

  private void change(long first, int count, int column, int width, float[] out, int at) {
    for (At one : changes) {
      long from = Math.max(first, one.first());
      long to = Math.min(first + count, one.first() + one.change().rows());
      if (from < to) {
        int place = at + Math.toIntExact(from - first) * width;
        long row = from - one.first();
        one.change().apply(row, (int) (to - from), column, width, out, place, type());
      }
    }
  }
}
