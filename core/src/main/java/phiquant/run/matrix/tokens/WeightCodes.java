package phiquant.run.matrix.tokens;

import static phiquant.run.matrix.Lanes.BYTES;
import static phiquant.run.matrix.Lanes.BYTE_COUNT;
import static phiquant.run.matrix.Lanes.COUNT;
import static phiquant.run.matrix.Lanes.INTS;
import static phiquant.run.matrix.Lanes.PARTS;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import phiquant.run.matrix.TokenCodes;
import phiquant.run.matrix.codes.Codes;
import phiquant.run.matrix.codes.Unpacking;

/**
 * A tile of weights as small integers around zero, {@code w = code · scale + offset} in groups of
 * {@link TokenCodes#BLOCK}, each code twice in an int: broadcast, it meets both tokens of an int of
 * {@link TokenCodes}.
 */
final class WeightCodes {
  /** Columns of a tile. */
  static final int COLUMNS = 1024;

  /** Rows of a tile. */
  static final int ROWS = 32;

  /** Groups of a row. */
  static final int GROUPS = COLUMNS / TokenCodes.BLOCK;

  /** {@code [ROWS, COLUMNS]}. */
  final int[] codes = new int[ROWS * COLUMNS];

  /** {@code [ROWS, GROUPS]}. */
  final float[] scales = new float[ROWS * GROUPS];

  /** {@code [ROWS, GROUPS]}. */
  final float[] offsets = new float[ROWS * GROUPS];

  /** Reads a part of a row, which begins at the given weight of the matrix, to row r. */
  void read(Unpacking unpacking, long first, int count, int r) {
    Codes row = Codes.own(count);
    unpacking.unpack(first, count, row);
    byte centre = (byte) unpacking.centre();
    int groups = count / TokenCodes.BLOCK;
    for (int g = 0; g < groups; g++) {
      scales[r * GROUPS + g] = row.scales[g];
      offsets[r * GROUPS + g] =
          row.scales[g] * centre + (unpacking.hasOffsets() ? row.offsets[g] : 0);
    }
    pack(row.codes, count, centre, codes, r * COLUMNS);
  }

  private static void pack(byte[] bytes, int count, byte centre, int[] out, int at) {
    for (int k = 0; k < count; k += BYTE_COUNT) {
      ByteVector code = ByteVector.fromArray(BYTES, bytes, k).sub(centre);
      for (int part = 0; part < PARTS; part++) {
        IntVector wide = (IntVector) code.convertShape(VectorOperators.B2I, INTS, part);
        wide.and(0xffff)
            .or(wide.lanewise(VectorOperators.LSHL, 16))
            .intoArray(out, at + k + part * COUNT);
      }
    }
  }
}
