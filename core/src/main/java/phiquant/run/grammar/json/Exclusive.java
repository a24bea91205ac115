package phiquant.run.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Sees that no JSON obeys two of the schemas of a {@code oneOf}: they are of different types, or a
 * member that all must have tells them apart, as with pydantic's discriminators.
 */
record Exclusive(SchemaRules schemas) {
  /** Refuses those of which that cannot be seen. */
  void require(JsonNode alternatives) {
    List<JsonNode> before = new ArrayList<>();
    for (JsonNode alternative : alternatives) {
      JsonNode own = schemas.resolved(alternative);
      for (JsonNode other : before) {
        if (!areApart(own, other)) {
          throw SchemaRules.unsupported(
              "a oneOf whose schemas are not told apart by a type or a const");
        }
      }
      before.add(own);
    }
  }

  private boolean areApart(JsonNode a, JsonNode b) {
    Set<JsonNode> values = values(a);
    Set<JsonNode> others = values(b);
    if (!values.isEmpty() && !others.isEmpty()) {
      return values.stream().noneMatch(others::contains);
    }
    Set<String> types = types(a);
    types.retainAll(types(b));
    return types.isEmpty() || (types.equals(Set.of("object")) && isToldApart(a, b));
  }

  private boolean isToldApart(JsonNode a, JsonNode b) {
    for (JsonNode name : a.path("required")) {
      for (JsonNode other : b.path("required")) {
        String both = name.asText();
        Set<JsonNode> values = values(schemas.resolved(a.path("properties").path(both)));
        Set<JsonNode> others = values(schemas.resolved(b.path("properties").path(both)));
        if (both.equals(other.asText())
            && !values.isEmpty()
            && !others.isEmpty()
            && values.stream().noneMatch(others::contains)) {
          return true;
        }
      }
    }
    return false;
  }

  /** What a {@code const} or {@code enum} lists. */
  private static Set<JsonNode> values(JsonNode schema) {
    Set<JsonNode> values = new HashSet<>();
    if (schema.has("const")) {
      values.add(schema.path("const"));
    }
    schema.path("enum").forEach(values::add);
    return values;
  }

  /** The types that JSON of a schema may have; whole numbers are numbers. */
  private static Set<String> types(JsonNode schema) {
    Set<String> types = new HashSet<>();
    if (schema.has("const") || schema.has("enum")) {
      values(schema).forEach(value -> types.add(type(value)));
    } else {
      boolean stated = schema.has("type");
      SchemaRules.types(stated ? schema : JsonNodeFactory.instance.objectNode())
          .forEach(type -> types.add(type.equals("integer") ? "number" : type));
    }
    return types;
  }

  private static String type(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT, POJO -> "object";
      case ARRAY -> "array";
      case STRING, BINARY -> "string";
      case NUMBER -> "number";
      case BOOLEAN -> "boolean";
      case NULL, MISSING -> "null";
    };
  }
}
