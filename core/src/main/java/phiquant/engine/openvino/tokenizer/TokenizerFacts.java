package phiquant.engine.openvino.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.vocabulary.ChatTemplates;

/**
 * The facts about a tokenizer that stand in a checkpoint's files.
 *
 * @param tokenizer tokenizer.json
 * @param config tokenizer_config.json; empty if there is none
 */
record TokenizerFacts(Checkpoint checkpoint, ObjectNode tokenizer, ObjectNode config) {
  /** Those of a checkpoint, if it has a tokenizer.json. */
  static Optional<TokenizerFacts> of(Checkpoint checkpoint) {
    return json(checkpoint, "tokenizer.json")
        .map(
            tokenizer ->
                new TokenizerFacts(
                    checkpoint,
                    tokenizer,
                    json(checkpoint, "tokenizer_config.json")
                        .orElse(JsonNodeFactory.instance.objectNode())));
  }

  private static Optional<ObjectNode> json(Checkpoint checkpoint, String file) {
    return checkpoint.file(file).map(bytes -> Json.object(bytes, checkpoint.path() + "/" + file));
  }

  /** The most tokens that the model is for. */
  long longestText() {
    double length = config.path("model_max_length").asDouble(Double.MAX_VALUE);
    return length >= 1 ? (long) length : Long.MAX_VALUE;
  }

  /**
   * The id of a special token.
   *
   * @param role {@code bos}, {@code eos} or {@code pad}
   */
  Optional<Integer> id(String role) {
    JsonNode entry = config.path(role + "_token");
    String content = entry.path("content").asText(entry.asText(""));
    for (JsonNode token : tokenizer.path("added_tokens")) {
      if (token.path("content").asText().equals(content)) {
        return Optional.of(token.path("id").asInt());
      }
    }
    JsonNode id = checkpoint.config().path(role + "_token_id");
    JsonNode first = id.isArray() ? id.path(0) : id;
    return first.canConvertToInt() ? Optional.of(first.asInt()) : Optional.empty();
  }

  /** The chat template; the default one where there are several. */
  Optional<String> chatTemplate() {
    return ChatTemplates.of(checkpoint).chosen();
  }
}
