package phiquant.run.grammar.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.run.grammar.Rule;

/**
 * JSON (RFC 8259) as a model should write it: white space as people and programs set it, and no
 * more, since a model that is not sure goes on with it for ever; numbers of as many digits as a
 * double has.
 */
public final class JsonRules {
  /** After a colon. */
  public static final Rule SPACE = Rule.optional(Rule.text(" "));

  /** After a comma or a bracket: nothing, a space, or a new line that is indented. */
  public static final Rule WHITE =
      Rule.optional(
          Rule.choice(
              Rule.text(" "), Rule.sequence(Rule.text("\n"), Rule.repeat(Rule.text(" "), 0, 20))));

  private static final Rule DIGIT = Rule.range('0', '9');
  private static final Rule HEX = Rule.oneOf("0123456789abcdefABCDEF");

  /** One character of a string, escaped or not; halves of surrogate pairs are not escaped. */
  static final Rule CHARACTER =
      Rule.choice(
          CodePoints.range(0x20, '"' - 1),
          CodePoints.range('"' + 1, '\\' - 1),
          CodePoints.range('\\' + 1, Character.MAX_CODE_POINT),
          Rule.sequence(Rule.text("\\"), Rule.oneOf("\"\\/bfnrt")),
          Rule.sequence(
              Rule.text("\\u"),
              Rule.choice(
                  Rule.sequence(Rule.oneOf("0123456789abcefABCEF"), HEX, HEX, HEX),
                  Rule.sequence(Rule.oneOf("dD"), Rule.range('0', '7'), HEX, HEX))));

  static final Rule STRING = quoted(Rule.repeat(CHARACTER, 0, Rule.UNBOUNDED));

  /** A whole number below 10^16. */
  private static final Rule NATURAL =
      Rule.choice(Rule.text("0"), Rule.sequence(Rule.range('1', '9'), Rule.repeat(DIGIT, 0, 15)));

  static final Rule INTEGER = Rule.sequence(Rule.optional(Rule.text("-")), NATURAL);

  static final Rule FRACTION =
      Rule.optional(Rule.sequence(Rule.text("."), Rule.repeat(DIGIT, 1, 16)));

  static final Rule NUMBER =
      Rule.sequence(
          INTEGER,
          FRACTION,
          Rule.optional(
              Rule.sequence(
                  Rule.oneOf("eE"), Rule.optional(Rule.oneOf("+-")), Rule.repeat(DIGIT, 1, 2))));

  static final Rule BOOLEAN = Rule.choice(Rule.text("true"), Rule.text("false"));
  static final Rule NULL = Rule.text("null");

  private static final Rule.Later ANY = new Rule.Later();

  /** Anything. */
  static final Rule VALUE = ANY;

  public static final Rule OBJECT = object(VALUE);
  static final Rule ARRAY = list(VALUE, 0, Rule.UNBOUNDED);

  static {
    ANY.is(Rule.choice(OBJECT, ARRAY, STRING, NUMBER, BOOLEAN, NULL));
  }

  private JsonRules() {}

  static Rule quoted(Rule content) {
    return Rule.sequence(Rule.text("\""), content, Rule.text("\""));
  }

  /** Exactly this value, without white space. */
  public static Rule literal(JsonNode value) {
    return Rule.text(value.toString());
  }

  /** A member of an object. */
  static Rule member(Rule name, Rule value) {
    return Rule.sequence(name, Rule.text(":"), SPACE, value);
  }

  /** An object with any names. */
  static Rule object(Rule value) {
    Rule member = member(STRING, value);
    return braces(Rule.optional(Rule.sequence(separated(member, 1, Rule.UNBOUNDED), WHITE)));
  }

  static Rule braces(Rule members) {
    return Rule.sequence(Rule.text("{"), WHITE, members, Rule.text("}"));
  }

  public static Rule list(Rule item, int min, int max) {
    return list(List.of(), item, min, max);
  }

  /**
   * A list.
   *
   * @param first what it begins with
   * @param item all others; there are {@code min} to {@code max} of them
   */
  static Rule list(List<Rule> first, Rule item, int min, int max) {
    List<Rule> parts = new ArrayList<>();
    for (Rule rule : first) {
      parts.add(parts.isEmpty() ? rule : Rule.sequence(Rule.text(","), WHITE, rule));
    }
    if (max > 0 && !first.isEmpty()) {
      parts.add(Rule.repeat(Rule.sequence(Rule.text(","), WHITE, item), min, max));
    } else if (max > 0) {
      Rule items = separated(item, Math.max(1, min), max);
      parts.add(min == 0 ? Rule.optional(Rule.sequence(items, WHITE)) : items);
    }
    Rule content = Rule.sequence(parts.toArray(Rule[]::new));
    return Rule.sequence(
        Rule.text("["),
        WHITE,
        content,
        first.isEmpty() && min == 0 ? Rule.text("]") : Rule.sequence(WHITE, Rule.text("]")));
  }

  /** One to {@code max} of something, with commas between them. */
  private static Rule separated(Rule part, int min, int max) {
    int more = max == Rule.UNBOUNDED ? max : max - 1;
    return Rule.sequence(
        part, Rule.repeat(Rule.sequence(Rule.text(","), WHITE, part), min - 1, more));
  }
}
