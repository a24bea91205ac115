package phiquant.engine.plan;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import phiquant.UserError;
import phiquant.model.PhiModel;
import phiquant.recipe.Allowance;
import phiquant.recipe.Menu;
import phiquant.recipe.Recipe;
import phiquant.recipe.RecipeFile;
import phiquant.recipe.Spending;
import phiquant.study.BestRecipe;
import phiquant.study.Findings;
import phiquant.study.InputSquares;
import phiquant.study.Study;

/**
 * A budget or a recipe's file that a target was given instead of a format.
 *
 * @param budget what may be spent, or
 * @param file what was chosen before
 * @param squares of inputs, for which weights are rounded, if they are
 */
public record AskedRecipe(
    Optional<Allowance> budget, Optional<String> file, Optional<InputSquares> squares) {
  /** The option that names a recipe's file. */
  public static final String FILE = "recipe";

  /**
   * What the options ask for, if they do.
   *
   * @param choosing the engine's options that choose formats, too
   * @throws UserError (usage) if formats are chosen in two ways
   */
  public static Optional<AskedRecipe> of(TargetSpec spec, List<String> choosing) {
    Optional<Allowance> budget = Allowance.of(spec.engine(), spec.options());
    Optional<String> file = Optional.ofNullable(spec.options().get(FILE));
    if (budget.isEmpty() && file.isEmpty()) {
      return Optional.empty();
    }
    String way = file.isPresent() ? "a recipe" : "a budget";
    if (budget.isPresent() && file.isPresent()) {
      throw UserError.usage(
          "%s: a recipe says what each weight gets; leave the budget out."
              .formatted(spec.engine()));
    }
    choosing.stream()
        .filter(spec.options()::containsKey)
        .findFirst()
        .ifPresent(
            key -> {
              throw UserError.usage(
                  "%s: %s chooses formats, and so does %s; give one of the two."
                      .formatted(spec.engine(), key, way));
            });
    if (!spec.format().isEmpty()) {
      throw UserError.usage(
          "%s: %s chooses formats, so leave out ':%s'."
              .formatted(spec.engine(), way, spec.format()));
    }
    return Optional.of(new AskedRecipe(budget, file, InputSquares.of(spec.options())));
  }

  /** What has to be found out first. */
  public Optional<Study<?>> study(Menu menu) {
    return best(menu).map(study -> study);
  }

  private Optional<BestRecipe> best(Menu menu) {
    return budget.map(some -> new BestRecipe(menu, some, squares));
  }

  /**
   * What a plan's artifact weighs, its {@link Record} included.
   *
   * @param more bytes that what is said of another recipe may take
   */
  public static Menu.Footprint footprint(ArtifactPlan plan, PhiModel model, long more) {
    return new Menu.Footprint(
        Record.with(plan, model).bytes() + more,
        plan.tensors().stream().mapToLong(PlannedTensor::bytes).sum());
  }

  /** As a part of the artifact's name. */
  public String label() {
    return budget
        .map(Allowance::label)
        .orElseGet(() -> Path.of(file.get()).getFileName().toString().replaceFirst("\\..*", ""));
  }

  /**
   * Refuses a model whose experts would have to be chosen for.
   *
   * @throws UserError saying so
   */
  public void refuseExperts(PhiModel model) {
    if (model.config().experts().isPresent()) {
      throw new UserError(
          "Budgets and recipes are not for mixtures of experts.", "Name a format instead.");
    }
  }

  /**
   * The recipe, from the findings or the file.
   *
   * @throws UserError if the budget is too small, or the file does not fit the model
   */
  public Answer answer(Menu menu, PhiModel model, Findings findings) {
    Optional<BestRecipe> study = best(menu);
    if (study.isPresent()) {
      BestRecipe.Found found = findings.of(study.get());
      return new Answer(found, label(), findings.areAssumed());
    }
    RecipeFile read = RecipeFile.read(Path.of(file.get()));
    String name = Path.of(file.get()).getFileName().toString();
    Recipe recipe = read.recipe().on(menu, model, squares.isPresent(), name);
    boolean own = read.recipe().engine().equals(menu.engine());
    List<Spending.Point> curve = own ? read.curve() : List.of();
    return new Answer(
        new BestRecipe.Found(recipe, curve, OptionalDouble.empty(), List.of()), name, false);
  }

  /**
   * A recipe for an artifact.
   *
   * @param found what it is, and what was measured of it
   * @param about what it was made for
   * @param open whether the findings will decide otherwise
   */
  public record Answer(BestRecipe.Found found, String about, boolean open) {
    private static final int OTHERS = 7;

    /** What each weight gets. */
    public Recipe recipe() {
      return found.recipe();
    }

    /** Some points of the curve, evenly spread over the sizes below 8 bits or so. */
    private String others() {
      List<Spending.Point> curve = found.curve();
      long least = curve.getFirst().bytes();
      List<String> some = new ArrayList<>();
      for (int i = 0; i < OTHERS; i++) {
        long bytes = (long) (least * Math.pow(4, (double) i / (OTHERS - 1)));
        curve.stream()
            .filter(point -> point.bytes() >= bytes)
            .findFirst()
            .ifPresent(
                point ->
                    some.add(
                        String.format(
                            Locale.ROOT, "%.1f MB %.4f", point.bytes() / 1e6, point.damage())));
      }
      return String.join(", ", some);
    }

    /** A plan that tells of it. */
    public ArtifactPlan told(ArtifactPlan plan) {
      List<String> notes = new ArrayList<>(plan.notes());
      notes.addAll(found.notes());
      if (open) {
        notes.add("Measuring will tell which weight gets which format, within the same budget.");
      }
      found
          .measured()
          .ifPresent(
              loss ->
                  notes.add(
                      String.format(
                          Locale.ROOT,
                          "On the calibration text its divergence from the original is %.4f nats a"
                              + " token.",
                          loss)));
      if (!open && found.curve().size() > 1) {
        notes.add("Estimated for weights of other sizes: " + others() + ".");
      }
      return new ArtifactPlan(
          plan.target(),
          plan.name(),
          plan.singleFile(),
          plan.files(),
          plan.tensors(),
          plan.constants(),
          notes,
          plan.calibratedOn(),
          Optional.of(
              new RecipeFile(recipe(), found.curve()).text("for " + about, found.measured())));
    }
  }
}
