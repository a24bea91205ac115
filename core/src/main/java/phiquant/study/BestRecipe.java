package phiquant.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.recipe.Allowance;
import phiquant.recipe.Candidate;
import phiquant.recipe.Course;
import phiquant.recipe.Course.Option;
import phiquant.recipe.Menu;
import phiquant.recipe.Recipe;
import phiquant.recipe.Spending;

/**
 * The recipe that loses least within a budget.
 *
 * @param menu what the engine offers
 * @param budget what it may cost
 * @param squares of inputs, for which weights are rounded, if they are
 */
public record BestRecipe(Menu menu, Allowance budget, Optional<InputSquares> squares)
    implements Study<BestRecipe.Found> {
  /**
   * What was found.
   *
   * @param recipe the best one
   * @param curve what other sizes would cost, by the estimate, corrected by what was measured
   * @param measured divergence of the recipe on the calibration text; empty if it was not measured
   * @param notes what a person should know, a sentence each
   */
  public record Found(
      Recipe recipe, List<Spending.Point> curve, OptionalDouble measured, List<String> notes) {}

  /** Every weight counts as much as it has numbers, and each bit halves its errors. */
  @Override
  public Found assumed(PhiModel model) {
    List<Course> courses = new ArrayList<>();
    for (Weight weight : model.piled()) {
      long elements = weight.tensor().elements();
      List<Option> options = new ArrayList<>();
      for (Candidate rounding : menu.of(weight, squares.isPresent())) {
        long bytes = rounding.bytes(weight.tensor());
        double damage = Math.pow(4, -8.0 * bytes / elements) * elements;
        options.add(new Option(rounding.format(), bytes, damage));
      }
      if (!options.isEmpty()) {
        courses.add(new Course(weight.name(), elements, options));
      }
    }
    Spending spending = new Spending(menu.engine(), courses);
    Recipe recipe =
        switch (budget) {
          case Allowance.Loss unused -> spending.least();
          default -> affordable(spending, model);
        };
    return new Found(recipe, List.of(), OptionalDouble.empty(), List.of());
  }

  /**
   * The best recipe within the budget's size.
   *
   * @throws phiquant.UserError saying the least that is possible
   */
  public Recipe affordable(Spending spending, PhiModel model) {
    return spending
        .within(bytes(spending, model))
        .orElseThrow(() -> menu.tooLittle(model, spending.least(), budget));
  }

  /** What the budget leaves for the weights that a recipe chooses formats for. */
  public long bytes(Spending spending, PhiModel model) {
    Menu.Footprint least = menu.footprint(model, spending.least());
    return switch (budget) {
      case Allowance.Size size -> size.bytes() - (least.bytes() - spending.leastBytes());
      case Allowance.Bits bits ->
          (long) (bits.bits() / 8 * model.parameters()) - (least.weights() - spending.leastBytes());
      case Allowance.Loss unused -> Long.MAX_VALUE;
    };
  }
}
