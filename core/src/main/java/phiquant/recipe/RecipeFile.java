package phiquant.recipe;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import phiquant.InputFile;
import phiquant.UserError;

/**
 * A recipe as a text that people can read and change: {@code engine gguf}, then for each weight its
 * name, its format and the bits that this takes. What follows a # is for people.
 *
 * @param recipe what it says
 * @param curve what other sizes were estimated to cost; none if it does not say
 */
public record RecipeFile(Recipe recipe, List<Spending.Point> curve) {
  private static final String CURVE = "# curve ";

  /**
   * Reads one.
   *
   * @throws UserError naming the first line that is none of a recipe
   */
  public static RecipeFile read(Path file) {
    return parse(file.toString(), InputFile.text(file));
  }

  static RecipeFile parse(String name, String text) {
    String engine = null;
    Map<String, Recipe.Choice> choices = new LinkedHashMap<>();
    List<Spending.Point> curve = new java.util.ArrayList<>();
    String[] lines = text.split("\\R");
    for (int i = 0; i < lines.length; i++) {
      String where = name + ", line " + (i + 1) + ": ";
      if (lines[i].startsWith(CURVE)) {
        curve.add(point(where, lines[i]));
      }
      String line = lines[i].replaceFirst("(^|\\s)#.*", "").strip();
      String[] words = line.split("\\s+");
      if (line.isEmpty()) {
        continue;
      }
      if (words.length == 2 && words[0].equals("engine") && engine == null) {
        engine = words[1];
      } else if (words.length == 3 && words[2].matches("\\d{1,2}(\\.\\d{1,9})?")) {
        Recipe.Choice choice = new Recipe.Choice(words[1], Double.parseDouble(words[2]));
        if (choices.put(words[0], choice) != null) {
          throw new UserError(where + "'" + words[0] + "' is there twice.");
        }
      } else {
        throw new UserError(
            where
                + "'"
                + cut(line)
                + "' is not WEIGHT FORMAT BITS, such as lm_head.weight Q6_K 6.56.");
      }
    }
    if (engine == null || choices.isEmpty()) {
      throw new UserError(
          name
              + " is no recipe: it has no line "
              + (engine == null ? "'engine NAME'." : "of a weight."));
    }
    return new RecipeFile(new Recipe(engine, choices), List.copyOf(curve));
  }

  private static String cut(String line) {
    return line.length() > 60 ? line.substring(0, 60) + "…" : line;
  }

  private static Spending.Point point(String where, String line) {
    String[] words = line.substring(CURVE.length()).strip().split("\\s+");
    if (words.length != 2
        || !words[0].matches("\\d{1,15}")
        || !words[1].matches("\\d{1,9}(\\.\\d{1,12})?")) {
      throw new UserError(where + "a curve has bytes and a loss.");
    }
    return new Spending.Point(Long.parseLong(words[0]), Double.parseDouble(words[1]));
  }

  /**
   * As a text.
   *
   * @param about what the recipe was made for, in a few words
   * @param measured what it loses, in nats a token of the calibration text
   */
  public String text(String about, OptionalDouble measured) {
    StringBuilder text = new StringBuilder("# phiquant recipe: " + about + "\n");
    measured.ifPresent(
        loss ->
            text.append(
                format("# Its divergence on the calibration text is %.4f nats a token.%n", loss)));
    text.append("engine ").append(recipe.engine()).append('\n');
    int width = recipe.choices().keySet().stream().mapToInt(String::length).max().orElse(1);
    recipe
        .choices()
        .forEach(
            (weight, choice) ->
                text.append(
                    format(
                        "%-" + width + "s  %-8s %.4f%n", weight, choice.format(), choice.bits())));
    if (!curve.isEmpty()) {
      text.append("# What other sizes of these weights lose, estimated: bytes, nats a token.\n");
      curve.forEach(
          point -> text.append(format(CURVE + "%d %.5f%n", point.bytes(), point.damage())));
    }
    return text.toString();
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern.replace("%n", "\n"), values);
  }
}
