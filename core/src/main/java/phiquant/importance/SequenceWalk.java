package phiquant.importance;

import phiquant.model.PhiModel;
import phiquant.run.LayerWalk;

/**
 * Takes one sequence after another through a layer, and tells what the layer's weights were
 * multiplied with. For one caller at a time.
 */
public final class SequenceWalk implements AutoCloseable {
  private final PhiModel model;
  private final LayerWalk walk;
  private final LayerSums sums;

  /**
   * Reads headers, norms and biases only.
   *
   * @param length tokens of each sequence
   */
  public SequenceWalk(PhiModel model, int length, int threads) {
    this.model = model;
    this.walk = new LayerWalk(model, length, threads);
    this.sums = new LayerSums(model);
  }

  /** How many layers there are; one that is numbered so is the head, which is only looked at. */
  public int layers() {
    return walk.layers();
  }

  /** What goes into the first layer, {@code [tokens, hidden]}. */
  public float[] embed(int[] tokens) {
    return walk.embed(tokens);
  }

  /**
   * Takes a sequence through a layer.
   *
   * @param rows {@code [tokens, hidden]}: what goes in, and then what comes out
   * @throws phiquant.UserError if the model's files were changed, or hold NaN
   */
  public PartialSums pass(int layer, float[] rows) {
    model.checkpoint().requireUnchanged();
    try {
      if (layer == walk.layers()) {
        walk.beforeHead(rows, sums);
      } else {
        walk.pass(layer, rows, sums);
      }
      return sums.take();
    } catch (InternalError | IllegalStateException e) {
      model.checkpoint().requireUnchanged(); // Says which file was cut, which the JVM cannot.
      throw e;
    }
  }

  @Override
  public void close() {
    walk.close();
  }
}
