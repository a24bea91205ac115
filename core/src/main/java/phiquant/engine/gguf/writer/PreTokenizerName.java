package phiquant.engine.gguf.writer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.ConfigForm;
import phiquant.checkpoint.vocabulary.SplitPattern;

/**
 * The name by which llama.cpp knows how a byte-level BPE tokenizer splits text before merging. It
 * follows from what tokenizer.json does, not from the name of a class. Source: the names and their
 * patterns in llama.cpp's llama-vocab.cpp.
 */
final class PreTokenizerName {
  private static final Map<String, String> BY_PATTERN =
      Map.of(SplitPattern.CL100K, "dbrx", SplitPattern.O200K, "gpt-4o");

  private PreTokenizerName() {}

  /** Whether tokenizer.json is a SentencePiece vocabulary: spaces marked, no splitting, bytes. */
  static boolean isSentencePiece(JsonNode tokenizer) {
    return tokenizer.path("model").path("byte_fallback").asBoolean(false)
        && !tokenizer.path("pre_tokenizer").isObject();
  }

  /**
   * The name for a byte-level BPE tokenizer.
   *
   * @throws UserError quoting the pattern that llama.cpp has no name for
   */
  static String name(JsonNode tokenizer, Checkpoint checkpoint) {
    JsonNode pre = tokenizer.path("pre_tokenizer");
    JsonNode steps = pre.path("pretokenizers");
    if (isByteLevel(pre, true)) {
      return ConfigForm.isPhi2(checkpoint.config()) ? "phi-2" : "gpt-2"; // The same to llama.cpp.
    }
    if (steps.size() == 2
        && steps.path(0).path("type").asText().equals("Digits")
        && steps.path(0).path("individual_digits").asBoolean()
        && isByteLevel(steps.path(1), true)) {
      return "smollm";
    }
    if (steps.size() == 2
        && steps.path(0).path("type").asText().equals("Split")
        && isByteLevel(steps.path(1), false)) {
      String name = BY_PATTERN.get(steps.path(0).path("pattern").path("Regex").asText());
      if (name != null) {
        return name;
      }
    }
    throw new UserError(
        checkpoint.path()
            + "/tokenizer.json splits text in a way that llama.cpp has no name for: "
            + shorten(pre.toString()));
  }

  private static boolean isByteLevel(JsonNode step, boolean splits) {
    return step.path("type").asText().equals("ByteLevel")
        && step.path("use_regex").asBoolean(true) == splits;
  }

  private static String shorten(String text) {
    return text.length() <= 300 ? text : text.substring(0, 300) + "…";
  }
}
