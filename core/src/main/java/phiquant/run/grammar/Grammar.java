package phiquant.run.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.run.grammar.json.JsonRules;
import phiquant.run.grammar.json.SchemaRules;

/**
 * What an answer has to be. What was learned of it for one answer is there for the next one, so it
 * is worth keeping; for one thread at a time.
 */
public final class Grammar {
  private final Rule rule;
  private Automaton automaton;
  private boolean spaced;

  private Grammar(Rule rule) {
    this.rule = rule;
  }

  /** Any JSON object. */
  public static Grammar json() {
    return new Grammar(JsonRules.OBJECT);
  }

  /**
   * JSON that obeys a schema.
   *
   * @throws UserError if no JSON does, or if the schema says something that is not supported
   */
  public static Grammar of(JsonNode schema) {
    return possible(SchemaRules.of(schema), "The schema");
  }

  /**
   * Calls of tools where they are required; else any text, and then maybe calls, or what {@code
   * content} says, or calls.
   */
  public static Grammar calls(List<Callable> tools, Calls calls, Optional<Grammar> content) {
    Rule instead = content.map(grammar -> grammar.rule).orElse(null);
    return possible(calls.rule(tools, instead), "What the tools take");
  }

  /**
   * A tool that may be called.
   *
   * @param name its name
   * @param arguments the schema of its arguments; null if they may be any object
   */
  public record Callable(String name, JsonNode arguments) {}

  private static Grammar possible(Rule rule, String what) {
    if (!Productive.rules(rule).contains(rule)) {
      throw new UserError(what + " cannot be met by any JSON.");
    }
    return new Grammar(rule);
  }

  /** Where reading begins; after one space if decoding leaves out the first one. */
  Automaton.State start(boolean stripsSpace) {
    if (automaton == null || spaced != stripsSpace) {
      spaced = stripsSpace;
      automaton = new Automaton(spaced ? Rule.sequence(Rule.optional(Rule.text(" ")), rule) : rule);
    }
    return automaton.start();
  }
}
