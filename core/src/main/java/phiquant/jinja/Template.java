package phiquant.jinja;

import java.util.List;
import java.util.Map;

/**
 * A Jinja template as transformers renders chat templates ({@code chat_template_utils.py}: an
 * immutable sandbox, trimmed blocks, loop controls, {@code generation}, its own {@code tojson}).
 * What it does not do as Jinja does, it refuses by name. It is our own because templates come from
 * strangers: every operation pays from a budget, so that none takes the time or memory of a server.
 */
public final class Template {
  private final List<Node> body;

  private Template(List<Node> body) {
    this.body = body;
  }

  /**
   * Reads a template.
   *
   * @throws TemplateError if it is not Jinja, or has something that is not supported
   */
  public static Template of(String source) {
    return new Template(Parser.parse(source));
  }

  /**
   * The text that it gives.
   *
   * @param context by name: strings, Long, Double, Boolean, null, lists and maps of these
   * @throws TemplateError if it refuses, fails, or takes too much
   */
  public String render(Map<String, Object> context) {
    return Interpreter.render(body, context);
  }
}
