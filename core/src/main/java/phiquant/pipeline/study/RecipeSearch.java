package phiquant.pipeline.study;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import phiquant.UserError;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.recipe.Allowance;
import phiquant.recipe.Candidate;
import phiquant.recipe.Course;
import phiquant.recipe.Course.Option;
import phiquant.recipe.Recipe;
import phiquant.recipe.Spending;
import phiquant.study.BestRecipe;
import phiquant.study.InputSquares;

/**
 * Finds the best recipe of a budget. What each format costs each weight is estimated: the error
 * that it makes times how much the model suffers from one. What all of them cost together is
 * measured, a kind of weights at a time, and the estimate of each kind corrected. In the end the
 * candidates are measured, the engine's own mixes among them, so that none of these is better.
 */
final class RecipeSearch {
  private static final int PROBE_PIECES = 4;
  private static final int TRIAL_PIECES = 8;

  /** A divergence this near to what was asked for is near enough, and what is aimed at. */
  private static final double NEAR = 0.9;

  private static final double AIM = 0.97;
  private static final int MOST_APPROACHES = 6;

  /** What weights are rounded to when one is tried alone: in the middle of what is asked for. */
  private static final double PROBE_BITS = 3.5;

  private final BestRecipe asked;
  private final PhiModel model;
  private final InputSquares.Found squares;
  private final Studies.Settings settings;
  private final Map<Weight, List<Candidate>> menus = new LinkedHashMap<>();

  /** How to keep what does not depend on the budget: by what it depends on. */
  interface Keeper {
    Map<String, Double> keep(String study, Supplier<Map<String, Double>> make);
  }

  RecipeSearch(
      BestRecipe asked, PhiModel model, InputSquares.Found squares, Studies.Settings settings) {
    this.asked = asked;
    this.model = model;
    this.squares = squares;
    this.settings = settings;
    for (Weight weight : model.piled()) {
      List<Candidate> menu = asked.menu().of(weight, asked.squares().isPresent());
      if (!menu.isEmpty()) {
        menus.put(weight, menu);
      }
    }
  }

  /** A recipe with what was measured of it. */
  private record Tried(Recipe recipe, double divergence) {}

  BestRecipe.Found find(Keeper keeper) {
    ProbeText text = new ProbeText(model.checkpoint(), model.config().contextLength());
    // Neither depends on the budget, nor on what else the artifact's options ask for.
    String offered =
        asked.menu().engine() + menus.values().stream().flatMap(List::stream).distinct().toList();
    Map<String, Double> errors =
        keeper.keep(
            "rounding " + RoundingErrors.NUMBER + " " + offered,
            () -> RoundingErrors.of(menus, squares, settings.threads(), settings.progress()));
    Map<String, Double> sensitivities =
        keeper.keep(
            "sensitivities " + Sensitivities.NUMBER + " " + offered,
            () ->
                Sensitivities.of(
                    model,
                    probes(),
                    squares,
                    text.pieces(PROBE_PIECES, 0),
                    settings.threads(),
                    settings.progress()));
    try (Arena arena = Arena.ofShared()) {
      Prediction original =
          Prediction.of(model, text.pieces(TRIAL_PIECES, 1), settings.threads(), arena);
      Trial trial = new Trial(model, menus, squares, original, settings.threads());
      return best(errors, sensitivities, trial);
    }
  }

  private Map<Weight, Candidate> probes() {
    Map<Weight, Candidate> probes = new LinkedHashMap<>();
    menus.forEach(
        (weight, menu) -> probes.put(weight, Sensitivities.probe(menu, PROBE_BITS, weight)));
    return probes;
  }

  private BestRecipe.Found best(
      Map<String, Double> errors, Map<String, Double> sensitivities, Trial trial) {
    Spending estimate = spending(errors, sensitivities, Map.of());
    List<Tried> tried = new ArrayList<>();
    tried.add(tried(choice(estimate, 1), trial));
    Spending corrected =
        spending(errors, sensitivities, corrections(tried.getFirst(), trial, estimate));
    tried.add(tried(choice(corrected, scale(tried.getFirst(), corrected)), trial));
    if (asked.budget() instanceof Allowance.Loss loss) {
      approach(loss, corrected, tried, trial);
    }
    stock(corrected, scale(tried.getLast(), corrected))
        .ifPresent(mix -> tried.add(tried(mix, trial)));
    Tried best = best(tried, corrected);
    double scale = scale(best, corrected);
    List<Spending.Point> curve =
        corrected.curve().stream()
            .map(point -> new Spending.Point(point.bytes(), point.damage() * scale))
            .toList();
    return new BestRecipe.Found(
        best.recipe(), curve, OptionalDouble.of(best.divergence()), List.of());
  }

  private static Tried tried(Recipe recipe, Trial trial) {
    return new Tried(recipe, trial.divergence(recipe));
  }

  /** How much more than estimated is lost. */
  private static double scale(Tried tried, Spending spending) {
    double estimate = spending.of(tried.recipe()).orElseThrow().damage();
    return estimate > 0 ? tried.divergence() / estimate : 1;
  }

  private Recipe choice(Spending spending, double scale) {
    return asked.budget() instanceof Allowance.Loss loss
        ? spending.losing(loss.divergence() / scale)
        : asked.affordable(spending, model);
  }

  /** Goes along the curve until what is measured is what was asked for, or little less. */
  private void approach(Allowance.Loss loss, Spending spending, List<Tried> tried, Trial trial) {
    for (int i = 0; i < MOST_APPROACHES; i++) {
      double divergence = tried.getLast().divergence();
      if (divergence <= loss.divergence() && divergence > NEAR * loss.divergence()) {
        return;
      }
      Recipe next = spending.losing(AIM * loss.divergence() / scale(tried.getLast(), spending));
      if (tried.stream().anyMatch(each -> each.recipe().equals(next))) {
        return;
      }
      tried.add(tried(next, trial));
    }
  }

  /** The least lost within a size; or the smallest that loses no more than may be. */
  private Tried best(List<Tried> tried, Spending spending) {
    Comparator<Tried> loses = Comparator.comparingDouble(Tried::divergence);
    if (asked.budget() instanceof Allowance.Loss loss) {
      return tried.stream()
          .filter(each -> each.divergence() <= loss.divergence())
          .min(Comparator.comparingLong(each -> spending.of(each.recipe()).orElseThrow().bytes()))
          .orElseThrow(
              () ->
                  new UserError(
                      String.format(
                          Locale.ROOT,
                          "%s: no recipe loses as little as %s; the least that was measured is"
                              + " %.4f nats a token.",
                          asked.menu().engine(),
                          loss.divergence(),
                          tried.stream().min(loses).orElseThrow().divergence())));
    }
    return tried.stream().min(loses).orElseThrow();
  }

  /** The engine's own mix that is best within the budget, by the estimate. */
  private Optional<Recipe> stock(Spending spending, double scale) {
    return asked.menu().stock(model, asked.squares().isPresent()).stream()
        .filter(
            mix -> spending.of(mix).filter(point -> isWithin(point, spending, scale)).isPresent())
        .min(
            Comparator.comparingDouble(
                mix -> {
                  Spending.Point point = spending.of(mix).orElseThrow();
                  return asked.budget() instanceof Allowance.Loss ? point.bytes() : point.damage();
                }));
  }

  private boolean isWithin(Spending.Point point, Spending spending, double scale) {
    return asked.budget() instanceof Allowance.Loss loss
        ? point.damage() * scale <= loss.divergence()
        : point.bytes() <= asked.bytes(spending, model);
  }

  /** Leaves out one kind of weights after the other, and compares what that is worth. */
  private Map<Role, Double> corrections(Tried whole, Trial trial, Spending spending) {
    Map<Role, Double> corrections = new EnumMap<>(Role.class);
    double all = spending.of(whole.recipe()).orElseThrow().damage();
    for (Role role : Role.values()) {
      Map<String, Recipe.Choice> others = new LinkedHashMap<>(whole.recipe().choices());
      double estimated = 0;
      for (Weight weight : menus.keySet()) {
        if (weight.role() == role) {
          Recipe.Choice choice = others.remove(weight.name());
          estimated += spending.damage(weight.name(), choice.format());
        }
      }
      if (others.size() < whole.recipe().choices().size() && estimated > 0) {
        double without = trial.divergence(new Recipe(whole.recipe().engine(), others));
        double measured = Math.max(0, whole.divergence() - without);
        corrections.put(role, Math.max(0.25, measured / estimated * all / whole.divergence()));
      }
    }
    return corrections;
  }

  private Spending spending(
      Map<String, Double> errors,
      Map<String, Double> sensitivities,
      Map<Role, Double> corrections) {
    List<Course> courses = new ArrayList<>();
    menus.forEach(
        (weight, menu) -> {
          double cost =
              sensitivities.get(weight.name()) * corrections.getOrDefault(weight.role(), 1.0);
          List<Option> options = new ArrayList<>();
          for (Candidate format : menu) {
            double error = errors.get(RoundingErrors.key(weight, format));
            options.add(new Option(format.format(), format.bytes(weight.tensor()), cost * error));
          }
          courses.add(new Course(weight.name(), weight.tensor().elements(), options));
        });
    return new Spending(asked.menu().engine(), courses);
  }
}
