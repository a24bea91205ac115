package phiquant.checkpoint.packed;

import java.util.List;
import phiquant.checkpoint.MappedTensor;

/**
 * A matrix of packed integers.
 *
 * @param name of the weight that it stands for
 * @param rows features out
 * @param columns features in
 * @param bits of a code
 * @param group weights that share a scale
 * @param words the codes, {@code [rows, columns]}
 * @param scales F32, F16 or BF16, {@code [rows, groups]}, or turned
 * @param turned whether scales are {@code [groups, rows]}
 * @param zeros zero points, {@code [rows, groups]}; null where all are in the middle
 * @param added what is added to a stored zero point, within its bits
 * @param storedBytes of all parts
 */
record PackedMatrix(
    String name,
    long rows,
    long columns,
    int bits,
    int group,
    Words words,
    MappedTensor scales,
    boolean turned,
    Words zeros,
    int added,
    long storedBytes)
    implements GroupedIntegers {
  @Override
  public List<Long> shape() {
    return List.of(rows, columns);
  }

  @Override
  public String format() {
    return "packed int%d g%d".formatted(bits, group);
  }

  @Override
  public boolean isSymmetric() {
    if (zeros == null) {
      return true;
    }
    for (long row = 0; row < rows; row++) {
      for (long g = 0; g < columns / group; g++) {
        if (zero(row, g) != 1 << bits - 1) {
          return false;
        }
      }
    }
    return true;
  }

  private int zero(long row, long g) {
    return zeros == null ? 1 << bits - 1 : zeros.get(row, g) + added & (1 << bits) - 1;
  }

  @Override
  public void codes(long first, int count, byte[] out) {
    // Rows of a column are neighbours in most packings, so that they come in the inner loop.
    int width = Math.toIntExact(columns);
    for (int column = 0; column < width; column++) {
      for (int r = 0; r < count; r++) {
        out[r * width + column] = (byte) words.get(first + r, column);
      }
    }
  }

  @Override
  public void grids(long first, int count, float[] values, byte[] zeroPoints) {
    int groups = Math.toIntExact(columns / group);
    float[] some = new float[turned ? count : groups];
    for (int g = 0; turned && g < groups; g++) {
      scales.readColumns(g, 1, Math.toIntExact(first), count, some, 0);
      for (int r = 0; r < count; r++) {
        values[r * groups + g] = some[r];
      }
    }
    for (int r = 0; r < count; r++) {
      if (!turned) {
        scales.readColumns(first + r, 1, 0, groups, values, r * groups);
      }
      for (int g = 0; g < groups; g++) {
        zeroPoints[r * groups + g] = (byte) zero(first + r, g);
      }
    }
  }

  /** Products of small integers and numbers of 16 bits: exact. */
  @Override
  public void read(long first, int count, float[] out, int at) {
    int width = Math.toIntExact(columns);
    int groups = width / group;
    byte[] codes = new byte[Math.multiplyExact(count, width)];
    float[] values = new float[count * groups];
    byte[] zeroPoints = new byte[count * groups];
    codes(first, count, codes);
    grids(first, count, values, zeroPoints);
    for (int i = 0; i < codes.length; i++) {
      int g = i / width * groups + i % width / group;
      out[at + i] = ((codes[i] & 0xff) - (zeroPoints[g] & 0xff)) * values[g];
    }
  }
}
