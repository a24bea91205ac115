package phiquant.run;

import phiquant.UserError;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.Finite;

/**
 * Whether what a model computes is numbers. A weight that is NaN or infinite makes all that follows
 * NaN; so logits tell, which costs nothing, and only then is it worth reading all weights to say
 * which one it was.
 */
final class Sound {
  /** Weights that are read at a time. */
  private static final int FLOATS = 1 << 19;

  private Sound() {}

  /**
   * Checks logits.
   *
   * @throws UserError naming the weight that they suffer from
   */
  static void require(float[] logits, PhiModel model) {
    if (Finite.all(logits, logits.length)) {
      return;
    }
    for (Weight weight : model.weights()) {
      if (!isFinite(weight)) {
        throw new UserError(
            "%s: the tensor '%s' holds NaN or infinite weights."
                .formatted(model.checkpoint().path(), weight.tensor().name()),
            "The file is damaged, or was made from a damaged one.");
      }
    }
    throw new UserError(
        model.checkpoint().path() + ": this model's weights are so large that its logits overflow.",
        "The file is damaged, or config.json does not belong to it.");
  }

  private static boolean isFinite(Weight weight) {
    int columns = Math.toIntExact(weight.tensor().columns());
    long rows = weight.tensor().rows();
    int some = Math.max(1, FLOATS / Math.max(1, columns));
    float[] floats = new float[some * columns];
    for (long row = 0; row < rows; row += some) {
      int count = (int) Math.min(some, rows - row);
      weight.tensor().read(row, count, floats, 0);
      if (!Finite.all(floats, count * columns)) {
        return false;
      }
    }
    return true;
  }
}
