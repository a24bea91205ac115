package phiquant.pipeline;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableSet;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Piled;
import phiquant.checkpoint.derived.RowSlice;
import phiquant.checkpoint.derived.Stacked;
import phiquant.engine.plan.Part;
import phiquant.engine.plan.PlannedTensor;

/**
 * Rows of a planned tensor that are consecutive rows of one stored tensor; of vectors, numbers.
 * What one engine splits and another fuses comes down to the same stored rows, and these are read
 * once for both.
 *
 * @param tensor the planned one
 * @param output that takes it
 * @param source where the rows are stored
 * @param first the first of them in {@code source}
 * @param rows how many
 * @param at where the planned tensor has the first
 */
record Piece(
    PlannedTensor tensor, Growing output, StoredTensor source, long first, long rows, long at) {
  /** Planned row minus stored row. */
  long shift() {
    return at - first;
  }

  /** Whether its encoder's groups of rows reach across one of these stored rows. */
  boolean isBroken(NavigableSet<Long> cuts) {
    int multiple = tensor.encoder().rowMultiple();
    return cuts.subSet(first, end()).stream().anyMatch(cut -> (cut + shift()) % multiple != 0);
  }

  /** The row after the last. */
  long end() {
    return first + rows;
  }

  /**
   * A planned tensor's pieces; only one, the whole, if its rows are the source's columns or if it
   * is encoded in groups of rows that reach across pieces.
   */
  static List<Piece> of(PlannedTensor tensor, Growing output) {
    StoredTensor source = tensor.source();
    long rows = tensor.transposed() ? source.columns() : length(source);
    Piece whole = new Piece(tensor, output, source, 0, rows, 0);
    if (tensor.transposed()) {
      return List.of(whole);
    }
    List<Piece> pieces = new ArrayList<>();
    whole.cut(pieces);
    int multiple = tensor.encoder().rowMultiple();
    return pieces.stream().allMatch(piece -> piece.at() % multiple == 0) ? pieces : List.of(whole);
  }

  /** Rows of a matrix, numbers of a vector. */
  private static long length(StoredTensor source) {
    return isVector(source) ? source.elements() : source.rows();
  }

  static boolean isVector(StoredTensor source) {
    return source.shape().size() < 2;
  }

  /** Where a tensor is stored, or the first part of it. */
  static StoredTensor home(StoredTensor source) {
    return switch (source) {
      case RowSlice slice -> home(slice.whole());
      case Stacked stacked -> home(stacked.parts().getFirst());
      case Piled piled -> home(piled.parts().getFirst());
      default -> source;
    };
  }

  /** Bytes that so many of the planned tensor's first rows take in one of its parts. */
  long bytes(Part part, long rows) {
    long together =
        isVector(tensor.source()) ? tensor.source().elements() : tensor.encoder().rowMultiple();
    return Math.ceilDiv(rows * part.groupBytes(), together);
  }

  private void cut(List<Piece> pieces) {
    switch (source) {
      case RowSlice slice ->
          new Piece(tensor, output, slice.whole(), slice.first() + first, rows, at).cut(pieces);
      case Stacked stacked -> cut(stacked.parts(), pieces);
      case Piled piled -> cut(piled.parts(), pieces);
      default -> pieces.add(this);
    }
  }

  private void cut(List<StoredTensor> parts, List<Piece> pieces) {
    long begin = 0;
    for (StoredTensor part : parts) {
      long from = Math.max(first, begin);
      long to = Math.min(end(), begin + length(part));
      if (from < to) {
        new Piece(tensor, output, part, from - begin, to - from, at + from - first).cut(pieces);
      }
      begin += length(part);
    }
  }
}
