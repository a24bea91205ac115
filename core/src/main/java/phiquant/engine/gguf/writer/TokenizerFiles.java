package phiquant.engine.gguf.writer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;

/**
 * A checkpoint's tokenizer files, read once.
 *
 * @param tokenizer {@code tokenizer.json}
 * @param config {@code tokenizer_config.json}, empty if there is none
 * @param added the added tokens, in the order of their ids
 */
record TokenizerFiles(
    Checkpoint checkpoint, ObjectNode tokenizer, ObjectNode config, List<Added> added) {

  /** A token that is matched before the text is split. */
  record Added(int id, String content, boolean special) {}

  /**
   * Reads them.
   *
   * @throws UserError if tokenizer.json is missing or not what it should be
   */
  static TokenizerFiles of(Checkpoint checkpoint) {
    String where = checkpoint.path() + "/tokenizer.json";
    ObjectNode tokenizer =
        Json.object(
            checkpoint
                .file("tokenizer.json")
                .orElseThrow(
                    () ->
                        new UserError(
                            where + " is missing; a GGUF file carries its tokenizer.",
                            "Download tokenizer.json and tokenizer_config.json beside the weights.")),
            where);
    ObjectNode config =
        checkpoint
            .file("tokenizer_config.json")
            .map(bytes -> Json.object(bytes, checkpoint.path() + "/tokenizer_config.json"))
            .orElse(JsonNodeFactory.instance.objectNode());
    List<Added> added = new ArrayList<>();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      if (!token.path("id").canConvertToInt() || !token.path("content").isTextual()) {
        throw new UserError(where + " has an added token without id or content.");
      }
      added.add(
          new Added(
              token.path("id").asInt(),
              token.path("content").asText(),
              token.path("special").asBoolean()));
    }
    if (!tokenizer.path("model").path("type").asText("BPE").equals("BPE")
        || !tokenizer.path("model").path("vocab").isObject()) {
      throw new UserError(where + " does not hold a BPE vocabulary.");
    }
    return new TokenizerFiles(checkpoint, tokenizer, config, added);
  }

  /** Tokens by id, null where the vocabulary has a gap; {@code size} is the model's. */
  String[] vocabulary(int size) {
    String[] tokens = new String[size];
    tokenizer
        .path("model")
        .path("vocab")
        .properties()
        .forEach(entry -> put(tokens, entry.getValue().asInt(-1), entry.getKey()));
    added.forEach(token -> put(tokens, token.id(), token.content()));
    return tokens;
  }

  private void put(String[] tokens, int id, String token) {
    if (id < 0 || id >= tokens.length) {
      throw new UserError(
          checkpoint.path()
              + "/tokenizer.json gives the id "
              + id
              + " to a token, but config.json"
              + " says there are "
              + tokens.length
              + " tokens.");
    }
    tokens[id] = token;
  }

  /** Merges as "left right"; a space within a part is written as its stand-in, U+0120. */
  List<String> merges() {
    List<String> merges = new ArrayList<>();
    for (JsonNode merge : tokenizer.path("model").path("merges")) {
      merges.add(
          merge.isArray()
              ? merge.path(0).asText().replace(' ', 'Ġ')
                  + " "
                  + merge.path(1).asText().replace(' ', 'Ġ')
              : merge.asText());
    }
    return merges;
  }
}
