package phiquant.engine.onnx.writer.options;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import phiquant.UserError;
import phiquant.model.PhiConfig;

/**
 * Sizes of graphs that are compiled for a processor which has no others.
 *
 * @param prompt tokens of a prompt that are computed at once
 * @param asked tokens that the cache has room for; absent: as many as the model was made for, up to
 *     {@link #USUAL}
 * @param parts graphs that the layers are shared out among; absent: as few as a chip holds
 */
public record FixedSizes(int prompt, OptionalInt asked, OptionalInt parts) {
  /** The options that this reads. */
  static final Set<String> KEYS = Set.of("prompt", "context", "parts");

  /** A cache of so many tokens is about as large as a 4-bit Phi-3.5-mini's weights. */
  private static final int USUAL = 4096;

  private static final int LARGEST = 1 << 17;

  static Optional<FixedSizes> of(ExecutionProvider device, Map<String, String> options) {
    if (device != ExecutionProvider.NPU) {
      return Optional.empty();
    }
    OptionalInt context =
        options.containsKey("context")
            ? OptionalInt.of(size("context", options.get("context")))
            : OptionalInt.empty();
    int prompt = size("prompt", options.getOrDefault("prompt", "64"));
    FixedSizes sizes = new FixedSizes(prompt, context, parts(options.get("parts")));
    context.ifPresent(sizes::check);
    return Optional.of(sizes);
  }

  /**
   * Tokens that the cache has room for.
   *
   * @throws UserError (usage) if the model has fewer positions, or prompts do not fill it evenly
   */
  public int context(PhiConfig config) {
    int context = asked.orElse(Math.min(USUAL, config.contextLength()));
    if (context > config.contextLength()) {
      throw UserError.usage(
          "onnx: context=%d, but this model was made for %d tokens."
              .formatted(context, config.contextLength()));
    }
    check(context);
    return context;
  }

  private void check(int context) {
    if (context % prompt != 0 || context < 2 * prompt) {
      throw UserError.usage(
          ("onnx: prompt=%d does not divide context=%d; it has to, at least twice, for a prompt is"
                  + " computed in pieces of that size.")
              .formatted(prompt, context));
    }
  }

  private static OptionalInt parts(String text) {
    if (text == null) {
      return OptionalInt.empty();
    }
    if (!text.matches("[1-9]\\d?")) {
      throw UserError.usage("onnx: parts=" + text + "; it can be a number from 1 to 99.");
    }
    return OptionalInt.of(Integer.parseInt(text));
  }

  private static int size(String key, String text) {
    int size = text.matches("\\d{1,6}") ? Integer.parseInt(text) : 0;
    if (size < 2 || size > LARGEST) {
      throw UserError.usage(
          "onnx: %s=%s; it can be a number of tokens from 2 to %d.".formatted(key, text, LARGEST));
    }
    return size;
  }
}
