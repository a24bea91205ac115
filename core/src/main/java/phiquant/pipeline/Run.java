package phiquant.pipeline;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.PlannedTensor;

/**
 * A run of rows of one source tensor, with all that becomes of it: the unit of work. A run is read
 * once, encoded for every target that wants it, and written where the plans say.
 *
 * @param source where the floats come from
 * @param transposed whether the run's rows are columns of the source
 * @param first the first row
 * @param rows how many
 * @param wanted the planned tensors, each with the output that it belongs to
 */
record Run(StoredTensor source, boolean transposed, long first, int rows, List<Wanted> wanted) {
  /** Floats that a run holds if rows allow: 2 MB, which caches still keep. */
  private static final int FLOATS = 1 << 19;

  /** A planned tensor and the output that takes it. */
  record Wanted(PlannedTensor tensor, Output output) {}

  /** What is read together. */
  private record Key(StoredTensor source, boolean transposed) {}

  /** Floats in a row of this run. */
  int columns() {
    return Math.toIntExact(transposed ? source.rows() : source.columns());
  }

  /** Reads the floats. */
  void read(float[] out) {
    if (transposed) {
      transpose(out);
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

  /** All the work of a pass, in the order of the source. */
  static List<Run> of(List<Output> outputs) {
    Map<Key, List<Wanted>> wanted = new LinkedHashMap<>();
    for (Output output : outputs) {
      for (PlannedTensor tensor : output.plan().tensors()) {
        wanted
            .computeIfAbsent(
                new Key(tensor.source(), tensor.transposed()), unused -> new ArrayList<>())
            .add(new Wanted(tensor, output));
      }
    }
    List<Run> runs = new ArrayList<>();
    wanted.forEach((key, tensors) -> split(key, tensors, runs));
    return runs;
  }

  private static void split(Key key, List<Wanted> wanted, List<Run> runs) {
    StoredTensor source = key.source();
    long rows = key.transposed() ? source.columns() : source.rows();
    long columns = Math.max(1, key.transposed() ? source.rows() : source.columns());
    int multiple = 1;
    for (Wanted one : wanted) {
      multiple = leastCommonMultiple(multiple, one.tensor().encoder().rowMultiple());
    }
    long most = Math.max(1, FLOATS / columns / multiple) * multiple;
    for (long first = 0; first < rows; first += most) {
      int count = (int) Math.min(most, rows - first);
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
