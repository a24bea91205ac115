package phiquant.cli;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import phiquant.UserError;
import phiquant.engine.Engine;

/** Flags that are for one engine, as options of its targets. */
final class EngineFlags {
  private final Engine engine;
  private final Set<String> own = new LinkedHashSet<>();
  private final Map<String, String> given = new LinkedHashMap<>();

  EngineFlags(Engine engine) {
    this.engine = engine;
  }

  /** A flag that is set or not. */
  EngineFlags with(String key, boolean set) {
    return with(key, set ? "true" : null);
  }

  /** A flag with values, perhaps none. */
  EngineFlags with(String key, List<String> values) {
    return with(key, values.isEmpty() ? null : String.join(";", values));
  }

  /** A flag with a value, or null. */
  EngineFlags with(String key, String value) {
    own.add(key);
    return shared(key, value);
  }

  /** The same for a flag that means something for other engines too. */
  EngineFlags shared(String key, String value) {
    if (value != null) {
      given.put(key, value);
    }
    return this;
  }

  /** Refuses flags that nothing would come of. */
  void requireTarget(List<String> targets) {
    if (own.stream().anyMatch(given::containsKey) && targets.stream().noneMatch(this::isFor)) {
      String all = own.stream().map(key -> "--" + key).collect(Collectors.joining(", "));
      throw UserError.usage(
          "%s are for %s, and no --to names it."
              .formatted(all.replaceFirst(", ([^,]+)$", " and $1"), engine.text()));
    }
  }

  /** A target with what was given, if it is for this engine. */
  String addedTo(String target) {
    StringBuilder spec = new StringBuilder(target);
    if (isFor(target)) {
      given.forEach(
          (key, value) ->
              spec.append(',').append(key).append(value.equals("true") ? "" : "=" + value));
    }
    return spec.toString();
  }

  private boolean isFor(String target) {
    return name(target).equals(engine.text());
  }

  /** The engine's name in a target. */
  static String name(String target) {
    return target.split("[:,]", 2)[0].toLowerCase(Locale.ROOT);
  }
}
