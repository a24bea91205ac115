package phiquant.pipeline.feedback;

import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.checkpoint.derived.Stacked;

/**
 * Rows of a matrix that lie together in one stored tensor: what an engine splits and a network
 * fuses comes down to the same ones.
 *
 * @param source where they are stored
 * @param first of them there
 * @param count how many
 * @param at where the matrix has the first
 */
record SourceRows(StoredTensor source, long first, long count, long at) {
  /** All rows of a matrix. */
  static List<SourceRows> of(StoredTensor matrix) {
    List<SourceRows> rows = new ArrayList<>();
    new SourceRows(matrix, 0, matrix.rows(), 0).resolve(rows);
    return rows;
  }

  private void resolve(List<SourceRows> rows) {
    switch (source) {
      case RowSlice slice ->
          new SourceRows(slice.whole(), slice.first() + first, count, at).resolve(rows);
      case Stacked stacked -> {
        long begin = 0;
        for (StoredTensor part : stacked.parts()) {
          long from = Math.max(first, begin);
          long to = Math.min(first + count, begin + part.rows());
          if (from < to) {
            new SourceRows(part, from - begin, to - from, at + from - first).resolve(rows);
          }
          begin += part.rows();
        }
      }
      default -> rows.add(this);
    }
  }
}
