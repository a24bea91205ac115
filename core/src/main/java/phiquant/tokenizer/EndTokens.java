package phiquant.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;

/**
 * The tokens that end a model's turn. Releases state them in several places, none of which has all:
 * generation_config.json and config.json by id (one or a list), tokenizer_config.json by text. GGUF
 * has room for one only, so tokens that are called as ends are taken for such, as in llama.cpp.
 */
public final class EndTokens {
  private static final Set<String> CALLED_ENDS =
      Set.of("<|end|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>");

  private EndTokens() {}

  /** Their ids; empty if nothing states any. */
  public static Set<Integer> of(Checkpoint checkpoint) {
    Set<Integer> ids = new TreeSet<>();
    add(checkpoint.config().path("eos_token_id"), ids);
    add(file(checkpoint, "generation_config.json").path("eos_token_id"), ids);
    ObjectNode config = file(checkpoint, "tokenizer_config.json");
    JsonNode end = config.path("eos_token");
    Set<String> texts = new HashSet<>(CALLED_ENDS);
    texts.add(end.isObject() ? end.path("content").asText() : end.asText());
    AddedTokens.of(checkpoint)
        .forEach(
            (id, text) -> {
              if (texts.contains(text)) {
                ids.add(id);
              }
            });
    return ids;
  }

  private static void add(JsonNode stated, Set<Integer> ids) {
    for (JsonNode id : stated.isArray() ? stated : List.of(stated)) {
      if (id.isIntegralNumber() && id.canConvertToInt() && id.asInt() >= 0) {
        ids.add(id.asInt());
      }
    }
  }

  private static ObjectNode file(Checkpoint checkpoint, String name) {
    return checkpoint
        .file(name)
        .map(bytes -> Json.object(bytes, checkpoint.path() + "/" + name))
        .orElseGet(JsonNodeFactory.instance::objectNode);
  }
}
