package phiquant.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.run.grammar.Grammar;

/**
 * The tools of a request, and which of them the model may or must call.
 *
 * @param offered as the client describes them, for the prompt: name, description, parameters
 * @param callable those that may be called
 * @param required whether the answer has to be calls
 * @param several whether there may be more than one
 */
record Tools(
    List<JsonNode> offered, List<Grammar.Callable> callable, boolean required, boolean several) {
  private static final int MOST = 128;

  /** Reads {@code tools}, {@code tool_choice} and {@code parallel_tool_calls}. */
  static Tools of(Fields fields) {
    JsonNode list = fields.given("tools");
    if (list != null && (!list.isArray() || list.size() > MOST)) {
      throw ApiError.wrong("tools", "tools must be a list of at most " + MOST + " tools.");
    }
    Map<String, Grammar.Callable> callable = new LinkedHashMap<>();
    List<JsonNode> offered = new ArrayList<>();
    for (JsonNode tool : list == null ? List.<JsonNode>of() : list) {
      ObjectNode function = function(tool);
      Grammar.Callable each = callable(function);
      if (callable.put(each.name(), each) != null) {
        throw ApiError.wrong("tools", "There are two tools '" + each.name() + "'.");
      }
      function.remove("strict");
      offered.add(function);
    }
    JsonNode choice = fields.given("tool_choice");
    String how = choice == null ? "auto" : choice.isObject() ? "named" : choice.asText();
    boolean several =
        fields.given("parallel_tool_calls") == null || fields.flag("parallel_tool_calls");
    List<Grammar.Callable> all = List.copyOf(callable.values());
    if (all.isEmpty() && !how.matches("none|auto")) {
      throw ApiError.wrong("tool_choice", "tool_choice asks for a tool, but there are none.");
    }
    return switch (how) {
      case "none" -> new Tools(offered, List.of(), false, several);
      case "auto" -> new Tools(offered, all, false, several);
      case "required" -> new Tools(offered, all, true, several);
      case "named" -> new Tools(offered, List.of(named(choice, callable)), true, several);
      default ->
          throw ApiError.wrong(
              "tool_choice", "tool_choice must be none, auto, required or a function's name.");
    };
  }

  private static Grammar.Callable named(JsonNode choice, Map<String, Grammar.Callable> callable) {
    String name = choice.path("function").path("name").asText();
    if (!choice.path("type").asText().equals("function") || !callable.containsKey(name)) {
      throw ApiError.wrong("tool_choice", "tool_choice names none of the tools.");
    }
    return callable.get(name);
  }

  private static ObjectNode function(JsonNode tool) {
    if (!tool.path("type").asText().equals("function") || !tool.path("function").isObject()) {
      throw ApiError.wrong("tools", "Each tool must have the type 'function' and a function.");
    }
    ObjectNode function = tool.path("function").deepCopy();
    if (!function.path("name").asText().matches("[a-zA-Z0-9_.-]{1,64}")) {
      throw ApiError.wrong(
          "tools", "A function's name must have 1 to 64 letters, digits, '_', '-' or '.'.");
    }
    return function;
  }

  /**
   * With the schema of its arguments. One that cannot be kept is refused if it must be ({@code
   * strict}); else arguments may be any object.
   */
  private static Grammar.Callable callable(ObjectNode function) {
    String name = function.path("name").asText();
    ObjectNode schema = JsonNodeFactory.instance.objectNode().put("type", "object");
    JsonNode parameters = function.path("parameters");
    if (parameters.isObject()) {
      schema.setAll((ObjectNode) parameters);
    } else {
      schema.put("additionalProperties", false);
    }
    if (!schema.path("type").asText().equals("object")) {
      throw ApiError.wrong("tools", "The parameters of '" + name + "' must be an object.");
    }
    try {
      Grammar.of(schema);
      return new Grammar.Callable(name, schema);
    } catch (UserError e) {
      if (function.path("strict").asBoolean()) {
        throw ApiError.wrong("tools", "The parameters of '" + name + "': " + e.getMessage());
      }
      return new Grammar.Callable(name, null);
    }
  }

  boolean isEmpty() {
    return offered.isEmpty();
  }
}
