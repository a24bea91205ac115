package phiquant.run.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import phiquant.UserError;
import phiquant.run.grammar.Rule;

/**
 * Objects of a schema: the members of {@code properties} in their order, those that are not
 * required or not there; any names where none are stated.
 */
record ObjectRules(SchemaRules schemas) {
  Rule of(JsonNode schema) {
    Set<String> required = new LinkedHashSet<>();
    if (schema.has("required")) {
      SchemaRules.list(schema, "required").forEach(name -> required.add(name.asText()));
    }
    JsonNode properties = schema.path("properties");
    if (!properties.isObject() && !properties.isMissingNode()) {
      throw new UserError("The schema's properties are not an object.");
    }
    JsonNode others = schema.path("additionalProperties");
    Map<String, Rule> members = new LinkedHashMap<>();
    properties.properties().forEach(entry -> members.put(entry.getKey(), rule(entry.getValue())));
    for (String name : required) {
      members.computeIfAbsent(
          name, unnamed -> others.isMissingNode() ? JsonRules.VALUE : rule(others));
    }
    if (members.isEmpty()) {
      return others.isMissingNode() ? JsonRules.OBJECT : names(others);
    }
    return JsonRules.braces(members(members, required));
  }

  private Rule rule(JsonNode schema) {
    return schemas.rule(schema);
  }

  private Rule names(JsonNode others) {
    boolean none = others.isBoolean() && !others.asBoolean();
    return none ? JsonRules.braces(Rule.text("")) : JsonRules.object(rule(others));
  }

  /**
   * From the last member to the first: what follows if some came before, and so needs a comma, and
   * what follows if none did.
   */
  private static Rule members(Map<String, Rule> rules, Set<String> required) {
    Rule afterSome = JsonRules.WHITE;
    Rule afterNone = Rule.text("");
    List<String> names = new ArrayList<>(rules.keySet());
    for (String name : names.reversed()) {
      Rule member = JsonRules.member(JsonRules.literal(TextNode.valueOf(name)), rules.get(name));
      Rule next = Rule.sequence(Rule.text(","), JsonRules.WHITE, member, afterSome);
      Rule first = Rule.sequence(member, afterSome);
      boolean optional = !required.contains(name);
      afterNone = optional ? Rule.choice(first, afterNone) : first;
      afterSome = optional ? Rule.choice(next, afterSome) : next;
    }
    return afterNone;
  }
}
