package phiquant.spark;

import java.io.Serializable;
import java.util.List;
import phiquant.pipeline.Division;

/**
 * What one task does: a share of a pass.
 *
 * @param first run of rows, counted from 0
 * @param end the run after the last
 * @param bytes of the source that it reads
 */
record ShareTask(PassOrder order, int first, int end, long bytes) implements Serializable {
  /** All of a pass, for so many cores. */
  static List<ShareTask> of(PassOrder order, Division division, int cores) {
    return division.shares(cores).stream()
        .map(share -> new ShareTask(order, share.first(), share.end(), division.sourceBytes(share)))
        .toList();
  }

  /**
   * Does it, on the machine where this is called.
   *
   * @return where the bytes lie, if not at their places
   * @throws phiquant.UserError if this machine does not see what the driver saw
   */
  List<Extent> execute() {
    Workbench bench = Workbench.take(order);
    try {
      return bench.execute(new Division.Share(first, end, 0));
    } finally {
      bench.giveBack();
    }
  }
}
