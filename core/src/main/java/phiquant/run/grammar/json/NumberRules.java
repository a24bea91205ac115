package phiquant.run.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.run.grammar.Rule;

/** Numbers of a schema: {@code minimum}, {@code maximum} and their exclusive forms. */
final class NumberRules {
  private NumberRules() {}

  static Rule integer(JsonNode schema) {
    if (!isBounded(schema)) {
      return JsonRules.INTEGER;
    }
    BigDecimal min = lower(schema);
    BigDecimal max = upper(schema);
    long from = min.setScale(0, RoundingMode.CEILING).longValueExact();
    long to = max.setScale(0, RoundingMode.FLOOR).longValueExact();
    if (excludes(schema, "exclusiveMinimum", from)) {
      from++;
    }
    if (excludes(schema, "exclusiveMaximum", to)) {
      to--;
    }
    return IntegerRange.of(from, to);
  }

  /** Of numbers with a fraction, bounds that are whole: the part before the point tells. */
  static Rule number(JsonNode schema) {
    if (!isBounded(schema)) {
      return JsonRules.NUMBER;
    }
    long min = whole(schema, lower(schema));
    long max = whole(schema, upper(schema));
    List<Rule> options = new ArrayList<>();
    if (!excludes(schema, "exclusiveMinimum", min) && min <= max) {
      options.add(JsonRules.literal(LongNode.valueOf(min)));
    }
    if (!excludes(schema, "exclusiveMaximum", max) && min <= max) {
      options.add(JsonRules.literal(LongNode.valueOf(max)));
    }
    // Between two whole numbers, towards zero from the one that is farther from it.
    Rule fraction =
        Rule.sequence(
            Rule.text("."), Rule.repeat(Rule.range('0', '9'), 0, 15), Rule.range('1', '9'));
    if (max > 0) {
      options.add(Rule.sequence(IntegerRange.of(Math.max(0, min), max - 1), fraction));
      options.add(IntegerRange.of(Math.max(0, min + 1), max - 1));
    }
    if (min < 0) {
      options.add(
          Rule.sequence(Rule.text("-"), IntegerRange.of(Math.max(0, -max), -min - 1), fraction));
      options.add(IntegerRange.of(min + 1, Math.min(-1, max - 1)));
    }
    return Rule.choice(options);
  }

  private static boolean isBounded(JsonNode schema) {
    return schema.has("minimum")
        || schema.has("maximum")
        || schema.has("exclusiveMinimum")
        || schema.has("exclusiveMaximum");
  }

  private static BigDecimal lower(JsonNode schema) {
    BigDecimal least = BigDecimal.valueOf(-IntegerRange.LARGEST);
    return bound(schema, "minimum", least).max(bound(schema, "exclusiveMinimum", least));
  }

  private static BigDecimal upper(JsonNode schema) {
    BigDecimal most = BigDecimal.valueOf(IntegerRange.LARGEST);
    return bound(schema, "maximum", most).min(bound(schema, "exclusiveMaximum", most));
  }

  private static BigDecimal bound(JsonNode schema, String name, BigDecimal limit) {
    JsonNode value = schema.path(name);
    if (value.isMissingNode()) {
      return limit;
    }
    if (!value.isNumber()) {
      throw new UserError("The schema's " + name + " is not a number.");
    }
    BigDecimal most = BigDecimal.valueOf(IntegerRange.LARGEST);
    return value.decimalValue().max(most.negate()).min(most);
  }

  private static boolean excludes(JsonNode schema, String name, long bound) {
    return schema.has(name)
        && schema.path(name).decimalValue().compareTo(BigDecimal.valueOf(bound)) == 0;
  }

  private static long whole(JsonNode schema, BigDecimal bound) {
    if (bound.stripTrailingZeros().scale() > 0) {
      throw new UserError(
          "The schema bounds a number by "
              + bound.toPlainString()
              + "; only whole numbers are supported as bounds.");
    }
    return bound.longValueExact();
  }
}
