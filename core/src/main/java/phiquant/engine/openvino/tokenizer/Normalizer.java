package phiquant.engine.openvino.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import phiquant.engine.openvino.tokenizer.TextOps.Pieces;

/**
 * What is done to the text between special tokens before it is cut up: for Phi-3, a mark in front
 * of it and marks in place of its spaces.
 */
record Normalizer(TextOps ops) {
  /** Applies tokenizer.json's {@code normalizer}. */
  Pieces apply(JsonNode normalizer, Pieces pieces) {
    switch (normalizer.path("type").asText("none")) {
      case "none" -> {}
      case "Sequence" -> {
        for (JsonNode step : normalizer.path("normalizers")) {
          pieces = apply(step, pieces);
        }
      }
      case "Prepend" -> pieces = prepend(normalizer.path("prepend").asText(), pieces);
      case "Replace" -> {
        String content = Regex.replacement(normalizer.path("content").asText());
        pieces = ops.replace(pieces, pattern(normalizer.path("pattern")), content);
      }
      default -> throw new Inexpressible("a normalizer " + normalizer.path("type").asText());
    }
    return pieces;
  }

  /** Text in front of every piece that is not empty. */
  private Pieces prepend(String text, Pieces pieces) {
    return ops.replace(pieces, "\\A([\\s\\S])", Regex.replacement(text) + "$1");
  }

  /** A {@code {"String": …}} or {@code {"Regex": …}} as PCRE2 reads it. */
  static String pattern(JsonNode pattern) {
    return pattern.has("String")
        ? Regex.quote(pattern.path("String").asText())
        : Regex.ofOniguruma(pattern.path("Regex").asText());
  }
}
