package phiquant.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.run.Generation;
import phiquant.run.grammar.Calls;
import phiquant.run.grammar.Grammar;

/**
 * The grammars of the last requests: programs send the same schema again and again, and what one
 * answer has taught about it helps the next.
 */
public final class Grammars {
  private static final int MOST = 16;

  private final Map<String, Grammar> known =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Grammar> eldest) {
          return size() > MOST;
        }
      };

  /** What the answer to a request has to be; empty if it may be anything. */
  synchronized Optional<Grammar> of(Fields fields, Tools tools, Optional<Generation.Marks> marks) {
    JsonNode format = fields.given("response_format");
    String key = format + "\n" + (marks.isEmpty() ? "" : tools.toString());
    Grammar grammar = known.get(key);
    if (grammar == null) {
      Optional<Grammar> made = content(format);
      if (marks.isPresent()) {
        made = Optional.of(calls(tools, marks.get(), made));
      }
      if (made.isEmpty()) {
        return made;
      }
      grammar = made.get();
      known.put(key, grammar);
    }
    return Optional.of(grammar);
  }

  private static Grammar calls(Tools tools, Generation.Marks marks, Optional<Grammar> content) {
    Calls calls = new Calls(marks.open(), marks.close(), tools.required(), tools.several());
    try {
      return Grammar.calls(tools.callable(), calls, content);
    } catch (UserError e) {
      throw ApiError.wrong("tools", e.getMessage());
    }
  }

  private static Optional<Grammar> content(JsonNode format) {
    if (format == null) {
      return Optional.empty();
    }
    return switch (format.path("type").asText()) {
      case "text" -> Optional.empty();
      case "json_object" ->
          Optional.of(format.has("schema") ? schema(format.path("schema")) : Grammar.json());
      case "json_schema" -> Optional.of(schema(format.path("json_schema").path("schema")));
      default ->
          throw ApiError.wrong(
              "response_format", "response_format must be text, json_object or json_schema.");
    };
  }

  private static Grammar schema(JsonNode schema) {
    if (!schema.isObject()) {
      throw ApiError.wrong("response_format", "response_format has no schema.");
    }
    try {
      return Grammar.of(schema);
    } catch (UserError e) {
      throw ApiError.wrong("response_format", e.getMessage());
    }
  }
}
