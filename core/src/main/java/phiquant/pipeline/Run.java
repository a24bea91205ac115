package phiquant.pipeline;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.plan.PlannedTensor;

/**
 * A run of rows of one source tensor, with all that becomes of it: the unit of work. A run is read
 * once, encoded for every target that wants it, and written where the plans say. A vector is one
 * run of rows of one number, of which each piece may want others.
 *
 * @param source where the floats come from
 * @param transposed whether the run's rows are columns of the source
 * @param first the first row
 * @param rows how many
 * @param wanted what becomes of the rows
 */
record Run(StoredTensor source, boolean transposed, long first, int rows, List<Piece> wanted) {
  /** Floats that a run holds if rows allow: 2 MB, which caches still keep. */
  private static final int FLOATS = 1 << 19;

  /** What is read together. */
  private record Key(StoredTensor source, boolean transposed) {}

  /** Floats in a row of this run. */
  int columns() {
    return isVector() ? 1 : Math.toIntExact(transposed ? source.rows() : source.columns());
  }

  boolean isVector() {
    return !transposed && Piece.isVector(source);
  }

  /** Bytes of the source that it reads. */
  long sourceBytes() {
    return (long) rows * columns() * source.storedBytes() / Math.max(1, source.elements());
  }

  /** Where the source has its first byte, in the order in which it delivers them. */
  long position() {
    return source.position(transposed ? 0 : first);
  }

  /** Bytes of the source among which it reads here and there; none if row by row. */
  long span() {
    return transposed || source.position(0) == source.position(source.rows() - 1)
        ? source.storedBytes()
        : 0;
  }

  /** Reads the floats. */
  void read(float[] out) {
    if (transposed) {
      transpose(out);
    } else if (isVector()) {
      source.read(0, 1, out, 0);
    } else {
      source.read(first, rows, out, 0);
    }
  }

  /** Reads narrow stripes of the source and turns them, a stripe's columns becoming rows. */
  private void transpose(float[] out) {
    int height = columns();
    int stripe = Math.max(1, 4096 / rows);
    float[] part = new float[stripe * rows];
    for (int row = 0; row < height; row += stripe) {
      int some = Math.min(stripe, height - row);
      source.readColumns(row, some, Math.toIntExact(first), rows, part, 0);
      for (int r = 0; r < some; r++) {
        for (int c = 0; c < rows; c++) {
          out[c * height + row + r] = part[r * rows + c];
        }
      }
    }
  }

  /**
   * All the work of a pass, in the order of the source. What takes a matrix in columns comes right
   * after what takes it in rows, so that the disk is asked for it once.
   */
  static List<Run> of(List<? extends Growing> outputs) {
    Map<StoredTensor, Map<Key, List<Piece>>> stored = new LinkedHashMap<>();
    for (Growing output : outputs) {
      for (PlannedTensor tensor : output.plan().written()) {
        for (Piece piece : Piece.of(tensor, output)) {
          stored
              .computeIfAbsent(Piece.home(piece.source()), unused -> new LinkedHashMap<>())
              .computeIfAbsent(
                  new Key(piece.source(), tensor.transposed()), unused -> new ArrayList<>())
              .add(piece);
        }
      }
    }
    List<Run> runs = new ArrayList<>();
    for (Map<Key, List<Piece>> home : stored.values()) {
      home.forEach((key, pieces) -> cut(key, pieces, runs));
    }
    runs.sort(Comparator.comparingLong(Run::position)); // Stable: what lies at hand stays as it is.
    return runs;
  }

  /** Cuts stored rows where a piece begins or ends: between two cuts the same pieces want all. */
  private static void cut(Key key, List<Piece> pieces, List<Run> runs) {
    if (!key.transposed() && Piece.isVector(key.source())) {
      int count = Math.toIntExact(key.source().elements());
      runs.add(new Run(key.source(), false, 0, count, pieces));
      return;
    }
    NavigableSet<Long> cuts = new TreeSet<>();
    for (Piece piece : pieces) {
      cuts.add(piece.first());
      cuts.add(piece.end());
    }
    if (pieces.stream().anyMatch(piece -> piece.isBroken(cuts))) {
      pieces.forEach(piece -> cut(key, List.of(piece), runs));
      return;
    }
    for (long from : cuts.headSet(cuts.last())) {
      long to = cuts.higher(from);
      List<Piece> wanted =
          pieces.stream().filter(piece -> piece.first() <= from && to <= piece.end()).toList();
      if (!wanted.isEmpty()) {
        split(key, from, to, wanted, runs);
      }
    }
  }

  private static void split(Key key, long from, long to, List<Piece> wanted, List<Run> runs) {
    StoredTensor source = key.source();
    long columns = Math.max(1, key.transposed() ? source.rows() : source.columns());
    int multiple = 1;
    for (Piece one : wanted) {
      multiple = leastCommonMultiple(multiple, one.tensor().encoder().rowMultiple());
    }
    long most = Math.max(1, FLOATS / columns / multiple) * multiple;
    for (long first = from; first < to; first += most) {
      int count = (int) Math.min(most, to - first);
      runs.add(new Run(source, key.transposed(), first, count, wanted));
    }
  }

  private static int leastCommonMultiple(int a, int b) {
    int x = a;
    int y = b;
    while (y != 0) {
      int rest = x % y;
      x = y;
      y = rest;
    }
    return a / x * b;
  }
}
