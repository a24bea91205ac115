package phiquant.engine.onnx.writer.genai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.Checkpoint;
import phiquant.tokenizer.AddedTokens;

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
    Map<Integer, String> added = AddedTokens.of(checkpoint);
    TEXTS.forEach(
        (name, texts) ->
            added.forEach(
                (id, text) -> {
                  if (texts.contains(text)) {
                    model.put(name, id);
                  }
                }));
  }
}
