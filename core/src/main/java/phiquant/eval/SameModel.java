package phiquant.eval;

import phiquant.UserError;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;

/** Refuses to compare an artifact with an original that it cannot have been made from. */
final class SameModel {
  private SameModel() {}

  /**
   * Compares shapes.
   *
   * @throws UserError naming the first that differs
   */
  static void check(PhiModel original, PhiModel artifact) {
    PhiConfig a = original.config();
    PhiConfig b = artifact.config();
    check(artifact, "a vocabulary of", a.vocabulary(), b.vocabulary());
    check(artifact, "hidden size", a.hidden(), b.hidden());
    check(artifact, "layers:", a.layers(), b.layers());
    check(artifact, "feed-forward size", a.feedForward(), b.feedForward());
    check(artifact, "attention heads:", a.heads(), b.heads());
    check(artifact, "key-value heads:", a.kvHeads(), b.kvHeads());
  }

  private static void check(PhiModel artifact, String what, int wanted, int found) {
    if (wanted != found) {
      throw new UserError(
          artifact.checkpoint().path()
              + " was not made from this original: it has "
              + what
              + " "
              + found
              + ", the original "
              + wanted
              + ".");
    }
  }
}
