package phiquant.run.grammar;

import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.run.grammar.json.JsonRules;
import phiquant.run.grammar.json.SchemaRules;

/**
 * How a model writes calls of tools: a list of {@code {"name": …, "arguments": {…}}} between two
 * marks, or one such object alone.
 *
 * @param open the token before calls
 * @param close the token after them
 * @param required whether the answer is nothing but calls
 * @param several whether there may be more than one
 */
public record Calls(int open, int close, boolean required, boolean several) {
  /** More in one answer are a loop. */
  private static final int MOST = 32;

  /**
   * The answer.
   *
   * @param content what it may be instead of calls; null for any text, which calls may follow
   */
  Rule rule(List<Grammar.Callable> tools, Rule content) {
    List<Rule> options = new ArrayList<>();
    for (Grammar.Callable tool : tools) {
      Rule arguments =
          tool.arguments() == null ? JsonRules.OBJECT : SchemaRules.of(tool.arguments());
      options.add(
          Rule.sequence(
              Rule.text("{\"name\":"),
              JsonRules.SPACE,
              JsonRules.literal(TextNode.valueOf(tool.name())),
              Rule.text(","),
              JsonRules.WHITE,
              Rule.text("\"arguments\":"),
              JsonRules.SPACE,
              arguments,
              JsonRules.WHITE,
              Rule.text("}")));
    }
    Rule call = Rule.choice(options);
    Rule list = JsonRules.list(call, 1, several ? MOST : 1);
    Rule marked = Rule.sequence(Rule.mark(open), Rule.choice(list, call), Rule.mark(close));
    if (required) {
      return marked;
    }
    if (content != null) {
      return Rule.choice(content, marked);
    }
    Rule free = Rule.repeat(Rule.range(0, 255), 0, Rule.UNBOUNDED);
    return Rule.sequence(free, Rule.optional(marked));
  }
}
