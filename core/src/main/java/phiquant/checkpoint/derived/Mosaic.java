package phiquant.checkpoint.derived;

import java.util.Arrays;
import java.util.List;
import phiquant.checkpoint.StoredTensor;

/**
 * A matrix of zeros with smaller ones in it, each times a number: factors that are stacked, set
 * side by side or filled up.
 */
public record Mosaic(String name, long rows, long columns, List<Piece> pieces)
    implements StoredTensor {
  /** A matrix, and where its first number lies. */
  public record Piece(StoredTensor tensor, long row, long column, float factor) {}

  @Override
  public List<Long> shape() {
    return List.of(rows, columns);
  }

  @Override
  public String format() {
    return pieces.getFirst().tensor().format();
  }

  @Override
  public long storedBytes() {
    return pieces.stream().mapToLong(piece -> piece.tensor().storedBytes()).sum();
  }

  @Override
  public void read(long first, int count, float[] out, int at) {
    int width = Math.toIntExact(columns);
    Arrays.fill(out, at, at + count * width, 0);
    for (Piece piece : pieces) {
      long from = Math.max(first, piece.row);
      long to = Math.min(first + count, piece.row + piece.tensor.rows());
      float[] row = new float[Math.toIntExact(piece.tensor.columns())];
      for (long r = from; r < to; r++) {
        piece.tensor.read(r - piece.row, 1, row, 0);
        int begin = at + (int) (r - first) * width + Math.toIntExact(piece.column);
        for (int c = 0; c < row.length; c++) {
          out[begin + c] = row[c] * piece.factor;
        }
      }
    }
  }
}
