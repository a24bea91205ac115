package phiquant.recipe;

import java.util.List;
import java.util.Locale;
import phiquant.UserError;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;

/** What an engine offers for a model. Equal menus offer the same. */
public interface Menu {
  /** The engine's name. */
  String engine();

  /** Whether a recipe chooses for a weight: not for vectors, nor for what is never quantized. */
  static boolean choosesFor(Weight weight) {
    return weight.isMatrix() && weight.role() != Role.ROUTER;
  }

  /**
   * The formats that a weight may have; none if no recipe {@link #choosesFor} it.
   *
   * @param calibrated whether it is known how much columns count
   */
  List<Candidate> of(Weight weight, boolean calibrated);

  /** The engine's own mixes, made of formats of this menu: what a recipe has to beat. */
  List<Recipe> stock(PhiModel model, boolean calibrated);

  /** What the artifact of a recipe weighs. */
  Footprint footprint(PhiModel model, Recipe recipe);

  /** Says what the least is that a budget could be. */
  default UserError tooLittle(PhiModel model, Recipe least, Allowance budget) {
    Footprint footprint = footprint(model, least);
    return new UserError(
        String.format(
            Locale.ROOT,
            "%s: %s is too little for this model; the least possible is %.1f MB, %.2f bits a weight.",
            engine(),
            budget.label(),
            Math.ceil(footprint.bytes() / 1e5) / 10,
            Math.ceil(800.0 * footprint.weights() / model.parameters()) / 100));
  }

  /**
   * What an artifact weighs.
   *
   * @param bytes of all files
   * @param weights bytes of tensors alone, vectors included
   */
  record Footprint(long bytes, long weights) {}
}
