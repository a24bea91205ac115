package phiquant.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.vocabulary.SplitPattern;

/**
 * What a tokenizer may do to a text: what Phi's do, and what is harmless beside it, each with its
 * parameters in their range. Patterns are those that are known, because the library's engine for
 * regular expressions gives up on others for some texts, and the library with it.
 */
record TokenizerSteps(String where, long tokens) {
  private static final Set<String> PATTERNS =
      Set.of(
          SplitPattern.CL100K,
          SplitPattern.O200K,
          // GPT-2's.
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

  private static final Set<String> BEHAVIORS =
      Set.of("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous");

  /** More in a row, or within each other, are no tokenizer of a language model. */
  private static final int MAX_STEPS = 16;

  void check(JsonNode file) {
    model(file.path("model"));
    steps(file.path("normalizer"), "normalizers", 0, this::normalizer);
    steps(file.path("pre_tokenizer"), "pretokenizers", 0, this::preTokenizer);
    steps(file.path("post_processor"), "processors", 0, this::postProcessor);
    steps(file.path("decoder"), "decoders", 0, this::decoder);
    JsonNode truncation = file.path("truncation");
    require(
        truncation.isNull()
            || truncation.isMissingNode()
            || truncation.path("max_length").asInt() > truncation.path("stride").asInt(-1),
        "a truncation whose stride is not below its length");
    JsonNode multiple = file.path("padding").path("pad_to_multiple_of");
    require(
        multiple.isMissingNode() || multiple.isNull() || multiple.asInt() > 0, "a padding to 0");
  }

  private void model(JsonNode model) {
    String type = model.path("type").asText("BPE");
    require(type.equals("BPE") && model.path("vocab").isInt(), "a model of the kind " + type);
    require(model.path("dropout").asDouble() == 0, "a dropout");
    for (String affix : new String[] {"continuing_subword_prefix", "end_of_word_suffix"}) {
      require(model.path(affix).asText("").isEmpty() || model.path(affix).isNull(), "a " + affix);
    }
  }

  private interface Step {
    void check(JsonNode step, String type);
  }

  private void steps(JsonNode step, String list, int depth, Step check) {
    if (step.isMissingNode() || step.isNull()) {
      return;
    }
    String type = step.path("type").asText();
    if (!type.equals("Sequence")) {
      check.check(step, type);
      return;
    }
    require(depth < 2 && step.path(list).size() <= MAX_STEPS, "too many " + list);
    step.path(list).forEach(inner -> steps(inner, list, depth + 1, check));
  }

  private void normalizer(JsonNode step, String type) {
    switch (type) {
      case "NFC", "NFD", "NFKC", "NFKD", "Lowercase" -> {}
      case "Prepend" -> text(step.path("prepend"), 0, 8, "a prefix");
      case "Replace" -> replace(step);
      default -> throw unknown("normalizer", type);
    }
  }

  private void replace(JsonNode step) {
    text(step.path("pattern").path("String"), 1, 64, "a pattern");
    text(step.path("content"), 0, 8, "a replacement");
  }

  private void preTokenizer(JsonNode step, String type) {
    switch (type) {
      case "ByteLevel", "Digits", "Whitespace", "WhitespaceSplit" -> {}
      case "Metaspace" -> text(step.path("replacement"), 1, 1, "a replacement");
      case "Punctuation" ->
          require(BEHAVIORS.contains(step.path("behavior").asText("Isolated")), "a behavior");
      case "Split" -> {
        JsonNode pattern = step.path("pattern");
        if (pattern.has("Regex")) {
          require(
              PATTERNS.contains(pattern.path("Regex").asText()),
              "a pattern that phiquant does not know");
        } else {
          text(pattern.path("String"), 1, 64, "a pattern");
        }
        require(BEHAVIORS.contains(step.path("behavior").asText()), "a behavior");
      }
      default -> throw unknown("pre_tokenizer", type);
    }
  }

  private void postProcessor(JsonNode step, String type) {
    switch (type) {
      case "ByteLevel" -> {}
      case "TemplateProcessing" -> {
        require(step.path("single").size() <= MAX_STEPS, "too long a template");
        require(step.path("pair").size() <= MAX_STEPS, "too long a template");
        for (JsonNode token : step.path("special_tokens")) {
          require(token.path("ids").size() <= MAX_STEPS, "too many tokens");
          for (JsonNode id : token.path("ids")) {
            require(
                id.isIntegralNumber()
                    && id.canConvertToInt()
                    && id.asLong() >= 0
                    && id.asLong() < tokens,
                "a token");
          }
        }
      }
      default -> throw unknown("post_processor", type);
    }
  }

  private void decoder(JsonNode step, String type) {
    switch (type) {
      case "ByteLevel", "ByteFallback", "Fuse" -> {}
      case "Metaspace" -> text(step.path("replacement"), 1, 1, "a replacement");
      case "Replace" -> replace(step);
      case "Strip" -> {
        text(step.path("content"), 1, 1, "a character");
        // At a text's end the library counts below zero where a token is shorter.
        require(step.path("stop").asInt(-1) == 0, "a decoder that strips at the end");
        require(step.path("start").asInt(-1) >= 0 && step.path("start").asInt() <= 64, "a start");
      }
      default -> throw unknown("decoder", type);
    }
  }

  private void text(JsonNode text, int shortest, int longest, String what) {
    int length = text.isTextual() ? text.asText().length() : -1;
    require(
        length >= shortest && length <= longest,
        what + " that is not a text of " + shortest + " to " + longest + " characters");
  }

  private UserError unknown(String part, String type) {
    return refused("a " + part + " of the kind '" + type.replaceAll("\\W", "?") + "'");
  }

  private void require(boolean right, String what) {
    if (!right) {
      throw refused(what);
    }
  }

  private UserError refused(String what) {
    return new UserError(
        where + " has " + what + ", which no Phi's tokenizer has and phiquant does not take.",
        "Take the original model's tokenizer.json.");
  }
}
