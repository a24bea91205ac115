package phiquant.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.PythonJson;

/**
 * How a model is told of tools, and how it calls them: as Phi-4-mini was taught (its model card).
 * Its template puts {@code tools}, a text, into the system turn; calls are a list of JSON between
 * two tokens. Its template says nothing of calls in earlier turns nor of what they gave; they are
 * laid out as the model writes them, and in turns of the token that is made for them.
 *
 * @param open the token before calls
 * @param close the token after them
 * @param resultRole the role of a turn with what a tool gave
 */
public record ToolFormat(int open, int close, String resultRole) {
  private static final String OPEN = "<|tool_call|>";
  private static final String CLOSE = "<|/tool_call|>";

  /** The card's, for conversations without a system turn. */
  private static final String SYSTEM = "You are a helpful assistant with some tools.";

  /** Empty if the model was not made for tools. */
  static Optional<ToolFormat> of(String template, Checkpoint checkpoint) {
    if (!template.matches("(?s).*\\bmessage(?:\\.tools|\\[['\"]tools['\"]]).*")) {
      return Optional.empty();
    }
    Map<String, Integer> ids = new LinkedHashMap<>();
    AddedTokens.of(checkpoint).forEach((id, text) -> ids.put(text, id));
    if (!ids.containsKey(OPEN) || !ids.containsKey(CLOSE)) {
      return Optional.empty();
    }
    return Optional.of(
        new ToolFormat(
            ids.get(OPEN),
            ids.get(CLOSE),
            ids.containsKey("<|tool_response|>") ? "tool_response" : "tool"));
  }

  /** The turns as the template takes them, the tools in the first one of the system. */
  List<Map<Object, Object>> turns(List<Message> messages, List<JsonNode> tools) {
    List<Map<Object, Object>> turns = new ArrayList<>();
    boolean told = tools.isEmpty();
    if (!told && messages.stream().noneMatch(message -> message.role().equals("system"))) {
      turns.add(turn("system", SYSTEM));
    }
    for (Message message : messages) {
      String role = message.role().equals("tool") ? resultRole : message.role();
      turns.add(turn(role, message.content() + calls(message)));
    }
    for (Map<Object, Object> turn : turns) {
      if (!told && turn.get("role").equals("system")) {
        ArrayNode list = JsonNodeFactory.instance.arrayNode().addAll(tools);
        turn.put("tools", PythonJson.line(list));
        told = true;
      }
    }
    return turns;
  }

  static Map<Object, Object> turn(String role, String content) {
    Map<Object, Object> turn = new LinkedHashMap<>();
    turn.put("role", role);
    turn.put("content", content);
    return turn;
  }

  private static String calls(Message message) {
    if (message.calls().isEmpty()) {
      return "";
    }
    ArrayNode list = JsonNodeFactory.instance.arrayNode();
    for (Message.Call call : message.calls()) {
      list.addObject().put("name", call.name()).set("arguments", call.arguments());
    }
    return OPEN + PythonJson.line(list) + CLOSE;
  }
}
