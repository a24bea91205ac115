package phiquant.recipe;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.UserError;

/** What a recipe may cost: a size, or a quality. */
public sealed interface Allowance {
  /** The options of a target that state one. */
  List<String> KEYS = List.of("target-size", "bpw", "max-kl");

  /** As a part of file names. */
  String label();

  /**
   * The artifact's size.
   *
   * @param bytes at most
   */
  record Size(long bytes, String label) implements Allowance {}

  /**
   * Bits that a weight takes on the average, as the last line of a run states them.
   *
   * @param bits at most
   */
  record Bits(double bits, String label) implements Allowance {}

  /**
   * How far predictions may be from the original's.
   *
   * @param divergence KL at most, in nats a token, on the calibration text
   */
  record Loss(double divergence, String label) implements Allowance {}

  /**
   * What a target's options ask for, if they do.
   *
   * @throws UserError (usage) if a budget is none, or if there are two
   */
  static Optional<Allowance> of(String engine, Map<String, String> options) {
    List<String> given = KEYS.stream().filter(options::containsKey).toList();
    if (given.size() > 1) {
      throw UserError.usage(
          "%s: %s are two budgets; give one.".formatted(engine, String.join(" and ", given)));
    }
    return given.stream().findFirst().map(key -> parse(engine, key, options.get(key)));
  }

  private static Allowance parse(String engine, String key, String text) {
    return switch (key) {
      case "target-size" -> size(engine, text);
      case "bpw" -> new Bits(number(engine, key, text, "4.25", 64), text + "bpw");
      default -> new Loss(number(engine, key, text, "0.05", 100), "kl" + text);
    };
  }

  private static Allowance size(String engine, String text) {
    Matcher size = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?)(GB|MB|KB|B)?").matcher(upper(text));
    if (!size.matches()) {
      throw UserError.usage(
          "%s: target-size=%s; it looks like 2.2GB or 800MB.".formatted(engine, text));
    }
    String unit = size.group(2) == null ? "B" : size.group(2);
    double each =
        switch (unit) {
          case "GB" -> 1e9;
          case "MB" -> 1e6;
          case "KB" -> 1e3;
          default -> 1;
        };
    return new Size((long) (Double.parseDouble(size.group(1)) * each), upper(text));
  }

  private static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  private static double number(
      String engine, String key, String text, String example, double most) {
    if (text.matches("\\d{1,4}(\\.\\d{1,9})?")) {
      double number = Double.parseDouble(text);
      if (number > 0 && number <= most) {
        return number;
      }
    }
    throw UserError.usage("%s: %s=%s; it looks like %s.".formatted(engine, key, text, example));
  }
}
