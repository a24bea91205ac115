package phiquant.recipe;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import phiquant.UserError;
import phiquant.model.PhiModel;
import phiquant.model.Weight;

/**
 * Which format each weight of a model gets.
 *
 * @param engine that names the formats
 * @param choices by the weight's Hugging Face name, in the order of the model
 */
public record Recipe(String engine, Map<String, Choice> choices) {
  /**
   * What one weight gets.
   *
   * @param format as the engine names it
   * @param bits that a weight takes in it, scales included, by which other engines find their
   *     nearest
   */
  public record Choice(String format, double bits) {}

  /**
   * The same for a model and an engine: its own formats by their names, another's by how many bits
   * they take.
   *
   * @param source of the recipe, for messages
   * @throws UserError naming a weight or format that is not there, or a weight that got none
   */
  public Recipe on(Menu menu, PhiModel model, boolean calibrated, String source) {
    Map<String, Choice> own = new LinkedHashMap<>();
    for (Weight weight : model.piled()) {
      List<Candidate> formats = menu.of(weight, calibrated);
      Choice choice = choices.get(weight.name());
      if (formats.isEmpty()) {
        continue;
      }
      if (choice == null) {
        throw new UserError("%s says nothing of '%s'.".formatted(source, weight.name()));
      }
      Candidate format =
          engine.equals(menu.engine())
              ? named(choice, formats, weight, source)
              : nearest(choice, formats, weight);
      own.put(weight.name(), format.choice(weight.tensor()));
    }
    for (String name : choices.keySet()) {
      if (!own.containsKey(name)) {
        throw new UserError(
            "%s: the model has no matrix '%s' to choose a format for.".formatted(source, name));
      }
    }
    return new Recipe(menu.engine(), own);
  }

  private Candidate named(Choice choice, List<Candidate> formats, Weight weight, String source) {
    return formats.stream()
        .filter(format -> format.format().equalsIgnoreCase(choice.format()))
        .findFirst()
        .orElseThrow(
            () ->
                new UserError(
                    "%s: %s has no format '%s' for '%s'; it has %s."
                        .formatted(
                            source,
                            engine,
                            choice.format(),
                            weight.name(),
                            formats.stream()
                                .map(Candidate::format)
                                .collect(Collectors.joining(", ")))));
  }

  /** The nearest; of two as near the larger. */
  private static Candidate nearest(Choice choice, List<Candidate> formats, Weight weight) {
    return formats.stream()
        .min(
            Comparator.comparingDouble(
                    (Candidate format) ->
                        Math.abs(format.choice(weight.tensor()).bits() - choice.bits()))
                .thenComparing(format -> -format.choice(weight.tensor()).bits()))
        .orElseThrow();
  }

  /** What was chosen from the courses of a menu. */
  static Recipe of(String engine, List<Course> courses, int[] chosen) {
    Map<String, Choice> choices = new LinkedHashMap<>();
    for (int i = 0; i < chosen.length; i++) {
      Course course = courses.get(i);
      choices.put(course.weight(), course.options().get(chosen[i]).choice(course.elements()));
    }
    return new Recipe(engine, choices);
  }
}
