package phiquant.target.onnx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;

/**
 * Tokens that open and close a section of an answer: a call of a tool, or reasoning. GenAI is told
 * their ids, so that an application can find the section or guide it; the names are GenAI's, and
 * the texts those that its model builder looks for.
 */
final class SectionTokens {
  private static final Map<String, List<String>> TEXTS = new LinkedHashMap<>();

  static {
    TEXTS.put("bot_token_id", List.of("<tool_call>", "<|tool_call|>"));
    TEXTS.put("eot_token_id", List.of("</tool_call>", "<|/tool_call|>"));
    TEXTS.put("bor_token_id", List.of("<think>"));
    TEXTS.put("eor_token_id", List.of("</think>"));
  }

  private SectionTokens() {}

  /** Adds the ids of those that the tokenizer has, which are always added tokens. */
  static void put(Checkpoint checkpoint, ObjectNode model) {
    String file = "tokenizer_config.json";
    checkpoint
        .file(file)
        .map(bytes -> Json.object(bytes, checkpoint.path() + "/" + file))
        .ifPresent(config -> TEXTS.forEach((name, texts) -> put(config, texts, name, model)));
  }

  private static void put(JsonNode config, List<String> texts, String name, ObjectNode model) {
    for (Map.Entry<String, JsonNode> token : config.path("added_tokens_decoder").properties()) {
      if (texts.contains(token.getValue().path("content").asText())
          && token.getKey().matches("\\d{1,9}")) {
        model.put(name, Integer.parseInt(token.getKey()));
      }
    }
  }
}
