package phiquant.engine.gguf.reader;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toUnmodifiableSet;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.engine.gguf.GgufArchitecture;
import phiquant.engine.gguf.GgufKey;
import phiquant.engine.gguf.GgufNames;

/**
 * The architecture's keys in a GGUF file's metadata that {@link GgufKey} does not have. A few
 * change what llama.cpp computes and have one value here; the others are known to change nothing,
 * or not known and named. Source: {@code load_hparams} in llama.cpp's llama-model.cpp.
 */
final class UnreadKeys {
  /** Beyond that, a list of unknown keys helps nobody. */
  private static final int NAMED = 12;

  private static final Map<String, Set<String>> COMPUTED =
      new TreeMap<>(
          Map.of(
              "attention.causal",
              Set.of("true"),
              GgufKey.EXPERTS.text(),
              Set.of("0"),
              GgufKey.EXPERTS_USED.text(),
              Set.of("0"),
              // Where there is no factor, linear scales nothing, and longrope's lists are tensors.
              "rope.scaling.type",
              Set.of("none", "linear", "longrope"),
              "rope.scaling.factor",
              Set.of("0.0", "1.0", "0", "1"),
              "rope.scale_linear",
              Set.of("0.0", "1.0", "0", "1")));

  private static final Set<String> KNOWN =
      Stream.concat(Stream.of(GgufKey.values()).map(GgufKey::text), COMPUTED.keySet().stream())
          .collect(toUnmodifiableSet());

  private UnreadKeys() {}

  /**
   * Refuses what phiquant would compute otherwise than llama.cpp.
   *
   * @throws UserError naming key and value
   */
  static void check(GgufFile file, GgufArchitecture architecture) {
    String prefix = architecture.text() + ".";
    boolean experts = architecture.family().keys().reads("num_local_experts");
    COMPUTED.forEach(
        (key, computed) -> {
          Object value = file.metadata().get(prefix + key);
          boolean read = experts && key.startsWith("expert");
          if (value != null && !read && !computed.contains(value.toString())) {
            throw new UserError(
                file.path()
                    + ": '"
                    + prefix
                    + key
                    + "' is "
                    + GgufReader.abbreviate(value.toString())
                    + ", which phiquant does not compute.");
          }
        });
    GgufTensor factors = file.tensors().get(GgufNames.FREQUENCIES);
    if (factors != null && !allOne(GgufConfig.values(factors))) {
      throw new UserError(
          file.path()
              + ": the tensor '"
              + GgufNames.FREQUENCIES
              + "' scales the rotary embedding as in Llama 3.1,"
              + " which phiquant does not compute.");
    }
  }

  private static boolean allOne(float[] factors) {
    for (float factor : factors) {
      if (factor != 1) {
        return false;
      }
    }
    return true;
  }

  /** A sentence that names the keys that are not known, if there are any. */
  static List<String> notices(GgufFile file, String prefix) {
    List<String> unknown =
        file.metadata().keySet().stream()
            .filter(key -> key.startsWith(prefix))
            .map(key -> key.substring(prefix.length()))
            .filter(key -> !KNOWN.contains(key))
            .map(key -> prefix + GgufReader.abbreviate(key))
            .toList();
    String more = unknown.size() > NAMED ? " and " + (unknown.size() - NAMED) + " more" : "";
    return unknown.isEmpty()
        ? List.of()
        : List.of(
            file.path()
                + " has keys that phiquant does not know and makes no use of: "
                + unknown.stream().limit(NAMED).collect(joining(", "))
                + more
                + ".");
  }
}
