package phiquant.engine.plan;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import phiquant.UserError;
import phiquant.study.InputSquares;

/**
 * What a user asks for after {@code --to}: {@code ENGINE:FORMAT[,KEY=VALUE|FLAG]…}, such as {@code
 * gguf:Q4_K_M}, {@code mlx:4bit,group=32} or {@code gguf:Q4_K_M,pure}.
 *
 * @param engine in lower case
 * @param format as written, empty if not given
 * @param options by key; a flag's value is {@code true}
 */
public record TargetSpec(String engine, String format, Map<String, String> options) {
  /** A comma that an option follows; others belong to a value, such as a regular expression. */
  private static final String SEPARATOR = ",(?=[A-Za-z][A-Za-z_-]*(=|,|$))";

  /** Reads one; whether engine, format and options exist is for {@code Engine} to say. */
  public static TargetSpec parse(String text) {
    String[] parts = text.split(SEPARATOR);
    String[] head = parts.length == 0 ? new String[] {""} : parts[0].split(":", 2);
    if (head[0].isBlank()) {
      throw UserError.usage("'" + text + "' is not ENGINE:FORMAT[,KEY=VALUE]…, as in gguf:Q4_K_M.");
    }
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 1; i < parts.length; i++) {
      String[] option = parts[i].split("=", 2);
      String value = option.length == 1 ? "true" : option[1];
      if (option[0].isBlank() || options.put(option[0].strip(), value) != null) {
        throw UserError.usage(
            "'" + text + "': the option '" + parts[i] + "' is empty or there twice.");
      }
      if (value.isBlank()) {
        throw UserError.usage(
            "'" + text + "': the option '" + option[0].strip() + "' has no value.");
      }
    }
    return new TargetSpec(
        head[0].strip().toLowerCase(Locale.ROOT), head.length == 1 ? "" : head[1].strip(), options);
  }

  /**
   * Whether a flag is set among the options of an engine: {@code KEY} alone, or with the value that
   * the engines' own tools write, in Python too.
   *
   * @throws UserError (usage) if its value is none of those
   */
  public static boolean flag(
      String engine, Map<String, String> options, String key, boolean otherwise) {
    String text = options.getOrDefault(key, Boolean.toString(otherwise));
    return switch (text) {
      case "true", "True", "1" -> true;
      case "false", "False", "0" -> false;
      default ->
          throw UserError.usage("%s: %s=%s; it can be true, false.".formatted(engine, key, text));
    };
  }

  /** The same with one option less. */
  public TargetSpec without(String key) {
    Map<String, String> others = new LinkedHashMap<>(options);
    others.remove(key);
    return new TargetSpec(engine, format, others);
  }

  /** The spec as text that others may see: of files it has the names, not where they lie. */
  public String shown() {
    Map<String, String> named = new LinkedHashMap<>(options);
    for (String file : List.of(InputSquares.KEY, AskedRecipe.FILE)) {
      named.computeIfPresent(
          file,
          (key, path) ->
              path.substring(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1));
    }
    return new TargetSpec(engine, format, named).toString();
  }

  /** The spec as text again. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(engine);
    text.append(format.isEmpty() ? "" : ":" + format);
    options.forEach(
        (key, value) ->
            text.append(',').append(key).append(value.equals("true") ? "" : "=" + value));
    return text.toString();
  }
}
