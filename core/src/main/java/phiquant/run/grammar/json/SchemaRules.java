package phiquant.run.grammar.json;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;
import phiquant.run.grammar.Rule;

/**
 * JSON Schema (draft 2020-12) as rules. All that the rules let pass obeys the schema; not all that
 * obeys it passes: members come in the order of {@code properties}, and none beside them, numbers
 * have as many digits as doubles tell apart. What cannot be kept is refused by name.
 */
public final class SchemaRules {
  /** Words that bind; all that are not among these or below are annotations. */
  private static final Set<String> UNSUPPORTED =
      Set.of(
          ("not if then else dependentRequired dependentSchemas dependencies patternProperties"
                  + " propertyNames minProperties maxProperties contains minContains maxContains"
                  + " multipleOf unevaluatedItems unevaluatedProperties additionalItems"
                  + " $dynamicRef $recursiveRef")
              .split(" "));

  /** What each type's words are; they mean nothing for other types. */
  private static final Map<String, Set<String>> WORDS =
      Map.of(
          "object", Set.of("properties", "required", "additionalProperties"),
          "array", Set.of("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
          "string", Set.of("minLength", "maxLength", "pattern", "format"),
          "number", Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"));

  private static final List<String> TYPES =
      List.of("object", "array", "string", "number", "integer", "boolean", "null");

  private final JsonNode root;
  private final Map<String, Rule.Later> references = new HashMap<>();

  private SchemaRules(JsonNode root) {
    this.root = root;
  }

  /**
   * The JSON that a schema describes.
   *
   * @throws UserError naming what is wrong or not supported
   */
  public static Rule of(JsonNode schema) {
    return new SchemaRules(schema).rule(schema);
  }

  Rule rule(JsonNode schema) {
    if (schema.isBoolean()) {
      return schema.asBoolean() ? JsonRules.VALUE : Rule.choice();
    }
    if (!schema.isObject()) {
      throw new UserError("The schema has a part that is neither an object nor true or false.");
    }
    for (String word : UNSUPPORTED) {
      if (schema.has(word)) {
        throw unsupported(word);
      }
    }
    for (String word : List.of("$ref", "const", "enum", "anyOf", "oneOf", "allOf")) {
      if (schema.has(word)) {
        requireAlone(schema, word);
        return switch (word) {
          case "$ref" -> reference(text(schema, word));
          case "const" -> JsonRules.literal(schema.path(word));
          case "enum" -> choice(schema);
          case "allOf" -> all(schema.path(word));
          default -> any(schema.path(word), word.equals("oneOf"));
        };
      }
    }
    List<Rule> options = new ArrayList<>();
    for (String type : types(schema)) {
      options.add(ofType(type, schema));
    }
    return options.size() == 1 ? options.getFirst() : Rule.choice(options);
  }

  static UserError unsupported(String what) {
    return new UserError("The schema has " + what + ", which is not supported.");
  }

  /** Words that bind do not stand beside others, but for the type of listed values. */
  private static void requireAlone(JsonNode schema, String word) {
    schema
        .fieldNames()
        .forEachRemaining(
            other -> {
              boolean binds =
                  WORDS.values().stream().anyMatch(words -> words.contains(other))
                      || other.equals("type") && !word.matches("const|enum")
                      || other.matches("\\$ref|const|enum|anyOf|oneOf|allOf");
              if (binds && !other.equals(word)) {
                throw unsupported(word + " beside " + other);
              }
            });
  }

  private Rule reference(String pointer) {
    if (!references.containsKey(pointer)) {
      JsonNode target = target(pointer);
      Rule.Later later = new Rule.Later();
      references.put(pointer, later);
      later.is(rule(target));
    }
    return references.get(pointer);
  }

  /** RFC 6901, section 6: a pointer as the fragment of an address. */
  private JsonNode target(String pointer) {
    if (!pointer.matches("#(/.*)?")) {
      throw unsupported("a $ref to '" + pointer + "' that is not within it");
    }
    String path = URLDecoder.decode(pointer.substring(1).replace("+", "%2B"), UTF_8);
    JsonNode target = root.at(path);
    if (target.isMissingNode()) {
      throw new UserError("The schema has a $ref to '" + pointer + "', where there is nothing.");
    }
    return target;
  }

  JsonNode resolved(JsonNode schema) {
    JsonNode target = schema;
    for (int i = 0; target.has("$ref") && i < 64; i++) {
      target = target(text(target, "$ref"));
    }
    return target;
  }

  private static Rule choice(JsonNode schema) {
    List<Rule> options = new ArrayList<>();
    for (JsonNode value : list(schema, "enum")) {
      boolean fits = !schema.has("type");
      for (String type : fits ? List.<String>of() : types(schema)) {
        fits |= isOf(value, type);
      }
      if (fits) {
        options.add(JsonRules.literal(value));
      }
    }
    return Rule.choice(options);
  }

  private static boolean isOf(JsonNode value, String type) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "number" -> value.isNumber();
      case "integer" -> value.isIntegralNumber();
      case "boolean" -> value.isBoolean();
      default -> value.isNull();
    };
  }

  private Rule all(JsonNode schemas) {
    if (schemas.size() != 1) {
      throw unsupported("allOf with more than one schema");
    }
    return rule(schemas.get(0));
  }

  private Rule any(JsonNode schemas, boolean onlyOne) {
    if (!schemas.isArray() || schemas.isEmpty()) {
      throw new UserError("The schema has an anyOf or oneOf that is no list of schemas.");
    }
    if (onlyOne) {
      new Exclusive(this).require(schemas);
    }
    List<Rule> options = new ArrayList<>();
    schemas.forEach(schema -> options.add(rule(schema)));
    return Rule.choice(options);
  }

  /** The types that are named, or those whose words are there. */
  static List<String> types(JsonNode schema) {
    JsonNode stated = schema.path("type");
    List<String> types = new ArrayList<>();
    for (JsonNode type : stated.isArray() ? stated : List.of(stated)) {
      types.add(type.asText());
    }
    if (stated.isMissingNode()) {
      types.clear();
      WORDS.forEach(
          (type, words) -> {
            if (words.stream().anyMatch(schema::has)) {
              types.add(type);
            }
          });
      return types.isEmpty() ? TYPES : types.stream().sorted().toList();
    }
    for (String type : types) {
      if (!TYPES.contains(type)) {
        throw new UserError("The schema has the type '" + type + "', which JSON has not.");
      }
    }
    return types;
  }

  private Rule ofType(String type, JsonNode schema) {
    return switch (type) {
      case "object" -> new ObjectRules(this).of(schema);
      case "array" -> array(schema);
      case "string" -> StringRules.of(schema);
      case "number" -> NumberRules.number(schema);
      case "integer" -> NumberRules.integer(schema);
      case "boolean" -> JsonRules.BOOLEAN;
      default -> JsonRules.NULL;
    };
  }

  private Rule array(JsonNode schema) {
    if (schema.path("uniqueItems").asBoolean()) {
      throw unsupported("uniqueItems");
    }
    List<Rule> first = new ArrayList<>();
    if (schema.has("prefixItems")) {
      list(schema, "prefixItems").forEach(item -> first.add(rule(item)));
    }
    int min = count(schema, "minItems", 0);
    int max = count(schema, "maxItems", Rule.UNBOUNDED);
    if (max < Math.max(min, first.size())) {
      return Rule.choice();
    }
    JsonNode items = schema.path("items");
    Rule item = items.isMissingNode() ? JsonRules.VALUE : rule(items);
    int most = max == Rule.UNBOUNDED ? max : max - first.size();
    return JsonRules.list(first, item, Math.max(0, min - first.size()), most);
  }

  static String text(JsonNode schema, String word) {
    if (!schema.path(word).isTextual()) {
      throw new UserError("The schema's " + word + " is not a string.");
    }
    return schema.path(word).asText();
  }

  static JsonNode list(JsonNode schema, String word) {
    if (!schema.path(word).isArray()) {
      throw new UserError("The schema's " + word + " is not a list.");
    }
    return schema.path(word);
  }

  static int count(JsonNode schema, String word, int fallback) {
    JsonNode count = schema.path(word);
    if (count.isMissingNode()) {
      return fallback;
    }
    if (!count.isNumber() || count.asDouble() != count.asInt() || count.asInt() < 0) {
      throw new UserError("The schema's " + word + " is not a whole number from 0 on.");
    }
    return count.asInt();
  }
}
