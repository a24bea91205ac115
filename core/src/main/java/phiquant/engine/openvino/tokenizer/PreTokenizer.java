package phiquant.engine.openvino.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import phiquant.engine.openvino.tokenizer.TextOps.Pieces;

/**
 * How text is cut up before merging: by digits, by a pattern, by words. Two steps stay two
 * operators; in one pattern they would treat spaces before a digit otherwise.
 */
record PreTokenizer(TextOps ops) {
  /** GPT-2's pattern: contractions, words, numbers, punctuation and white space. */
  private static final String WORDS =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  private static final String DIGIT = "[\\p{Nd}\\p{Nl}\\p{No}]";

  /** Applies tokenizer.json's {@code pre_tokenizer}. */
  Pieces apply(JsonNode step, Pieces pieces) {
    switch (step.path("type").asText("none")) {
      case "none" -> {}
      case "Sequence" -> {
        for (JsonNode inner : step.path("pretokenizers")) {
          pieces = apply(inner, pieces);
        }
      }
      case "Digits" ->
          pieces =
              step.path("individual_digits").asBoolean()
                  ? ops.cut(pieces, DIGIT, "isolate", false)
                  : ops.cut(pieces, DIGIT + "+", "isolate", false);
      case "Split" -> {
        String behaviour = step.path("behavior").asText().toLowerCase(Locale.ROOT);
        String pattern = Normalizer.pattern(step.path("pattern"));
        pieces = ops.cut(pieces, pattern, behaviour(behaviour), step.path("invert").asBoolean());
      }
      case "ByteLevel" -> {
        if (step.path("add_prefix_space").asBoolean(true)) {
          pieces = ops.replace(pieces, "\\A([^ ])", " $1");
        }
        if (step.path("use_regex").asBoolean(true)) {
          pieces = ops.cut(pieces, Regex.ofOniguruma(WORDS), "isolate", false);
        }
      }
      default -> throw new Inexpressible("a pre-tokenizer " + step.path("type").asText());
    }
    return pieces;
  }

  /** Whether the model merges bytes, not characters. */
  static boolean isByteLevel(JsonNode step) {
    if (step.path("type").asText().equals("ByteLevel")) {
      return true;
    }
    for (JsonNode inner : step.path("pretokenizers")) {
      if (isByteLevel(inner)) {
        return true;
      }
    }
    return false;
  }

  private static String behaviour(String behavior) {
    return switch (behavior) {
      case "removed" -> "remove";
      case "isolated" -> "isolate";
      default -> throw new Inexpressible("a split with the behaviour '" + behavior + "'");
    };
  }
}
