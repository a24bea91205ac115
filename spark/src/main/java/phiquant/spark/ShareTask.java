package phiquant.spark;

import java.io.Serializable;
import phiquant.pipeline.Division;

/**
 * What one task does: a share of a pass.
 *
 * @param first run of rows, counted from 0
 * @param end the run after the last
 * @param bytes of the source that it reads
 */
record ShareTask(PassOrder order, int first, int end, long bytes) implements Serializable {
  static ShareTask of(PassOrder order, Division division, Division.Share share) {
    return new ShareTask(order, share.first(), share.end(), division.sourceBytes(share));
  }

  /**
   * Does it, on the machine where this is called.
   *
   * @throws phiquant.UserError if this machine does not see what the driver saw
   */
  void execute() {
    Workbench bench = Workbench.take(order);
    try {
      bench.execute(new Division.Share(first, end, 0));
    } finally {
      bench.giveBack();
    }
  }
}
