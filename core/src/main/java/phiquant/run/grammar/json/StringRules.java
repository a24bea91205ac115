package phiquant.run.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import phiquant.UserError;
import phiquant.run.grammar.Rule;

/** Strings of a schema: their length, or a pattern, or a format. */
final class StringRules {
  private static final String DATE =
      "[12]\\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"
          + "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
  private static final String TIME =
      "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?" + "(?:Z|[+-](?:0\\d|1[0-4]):[0-5]\\d)";
  private static final String LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
  private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,3}";
  private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

  /** Some of the texts that have each format, of RFC 3339, 4122, 5321, 1123, 2673 and 3986. */
  private static final Map<String, String> FORMATS =
      Map.of(
          "date",
          DATE,
          "time",
          TIME,
          "date-time",
          DATE + "T" + TIME,
          "uuid",
          "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
          "email",
          "[a-zA-Z0-9_+-]{1,20}(?:\\.[a-zA-Z0-9_+-]{1,20}){0,2}@"
              + LABEL
              + "(?:\\."
              + LABEL
              + "){0,2}\\.[a-z]{2,6}",
          "hostname",
          HOST,
          "ipv4",
          OCTET + "(?:\\." + OCTET + "){3}",
          "uri",
          "https?://" + HOST + "(?::[1-9]\\d{0,3})?(?:/[a-zA-Z0-9._~=&-]{1,60}){0,8}/?");

  private StringRules() {}

  static Rule of(JsonNode schema) {
    boolean measured = schema.has("minLength") || schema.has("maxLength");
    if (schema.has("pattern") || schema.has("format")) {
      if (measured || (schema.has("pattern") && schema.has("format"))) {
        throw new UserError(
            "The schema has more than one of pattern, format and length for a string, which is not"
                + " supported.");
      }
      return JsonRules.quoted(
          PatternRules.of(
              schema.has("pattern")
                  ? SchemaRules.text(schema, "pattern")
                  : "^" + format(SchemaRules.text(schema, "format")) + "$"));
    }
    int min = SchemaRules.count(schema, "minLength", 0);
    int max = SchemaRules.count(schema, "maxLength", Rule.UNBOUNDED);
    return JsonRules.quoted(Rule.repeat(JsonRules.CHARACTER, min, max));
  }

  private static String format(String name) {
    String pattern = FORMATS.get(name);
    if (pattern == null) {
      throw new UserError("The schema has the format '" + name + "', which is not supported.");
    }
    return pattern;
  }
}
