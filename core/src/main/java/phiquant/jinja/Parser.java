package phiquant.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import phiquant.jinja.Node.Signature;
import phiquant.jinja.Node.Target;
import phiquant.jinja.Token.Kind;

/**
 * Reads a template's statements: those of Jinja, its extension for loop controls and transformers'
 * {@code generation}. What needs other templates (include, extends …) has nothing to load here, nor
 * in transformers.
 */
final class Parser {
  private static final int MAX_LENGTH = 1 << 20;
  private final Tokens tokens;
  private final ExpressionParser expressions;
  private int loops;

  private Parser(Tokens tokens) {
    this.tokens = tokens;
    this.expressions = new ExpressionParser(tokens);
  }

  static List<Node> parse(String template) {
    if (template.length() > MAX_LENGTH) {
      throw new TemplateError(
          TemplateError.Kind.TOO_MUCH, "it has more than " + MAX_LENGTH + " characters");
    }
    return new Parser(new Tokens(Lexer.tokens(template))).body();
  }

  /** Statements up to one of the tags, whose name stays current; up to the end if there is none. */
  private List<Node> body(String... ends) {
    tokens.enter();
    List<Node> body = new ArrayList<>();
    while (true) {
      Token token = tokens.current();
      switch (token.kind()) {
        case DATA -> body.add(new Node.Text(tokens.next().text()));
        case PRINT_BEGIN -> {
          tokens.next();
          body.add(new Node.Print(expressions.tuple(true, () -> false)));
          tokens.expect(Kind.PRINT_END, "the end of the tag");
        }
        case BLOCK_BEGIN -> {
          tokens.next();
          if (Arrays.asList(ends).contains(tokens.current().text())
              && tokens.current().is(Kind.NAME)) {
            tokens.leave();
            return body;
          }
          body.add(statement());
          tokens.expect(Kind.BLOCK_END, "the end of the tag");
        }
        default -> {
          if (ends.length > 0) {
            throw tokens.unexpected("'" + ends[ends.length - 1] + "'");
          }
          tokens.leave();
          return body;
        }
      }
    }
  }

  /** A block's body, and the tag that ends it up to its close. */
  private List<Node> until(String end) {
    tokens.expect(Kind.BLOCK_END, "the end of the tag");
    List<Node> body = body(end);
    tokens.next();
    return body;
  }

  private Node statement() {
    int line = tokens.current().line();
    String tag = tokens.expectName();
    return switch (tag) {
      case "if" -> conditional();
      case "for" -> loop();
      case "set" -> set();
      case "with" -> with();
      case "macro" -> macro();
      case "call" -> call();
      case "filter" -> new Node.FilterBlock(expressions.filterChain(), apart("endfilter"));
      case "generation" -> new Node.Generation(apart("endgeneration"));
      case "print" -> new Node.Print(expressions.tuple(true, () -> false));
      case "break", "continue" -> {
        if (loops == 0) {
          throw TemplateError.broken("'" + tag + "' in line " + line + " is in no loop");
        }
        yield tag.equals("break") ? new Node.Break() : new Node.Continue();
      }
      case "block", "extends", "include", "import", "from", "autoescape" ->
          throw TemplateError.unsupported("the tag '" + tag + "' in line " + line);
      default -> throw TemplateError.broken("there is no tag '" + tag + "', as in line " + line);
    };
  }

  /** A body that becomes a function in Python, out of which no loop can be left. */
  private List<Node> apart(String end) {
    int outer = loops;
    loops = 0;
    List<Node> body = until(end);
    loops = outer;
    return body;
  }

  private Node conditional() {
    List<Expr> tests = new ArrayList<>();
    List<List<Node>> bodies = new ArrayList<>();
    String tag = "if";
    while (!tag.equals("endif")) {
      tests.add(tag.equals("else") ? null : expressions.tuple(false, () -> false));
      tokens.expect(Kind.BLOCK_END, "the end of the tag");
      bodies.add(tag.equals("else") ? body("endif") : body("elif", "else", "endif"));
      tag = tokens.next().text();
    }
    return new Node.If(tests, bodies);
  }

  private Node loop() {
    Target target = target(() -> tokens.current().isName("in"), false);
    if (!tokens.skipName("in")) {
      throw tokens.unexpected("'in'");
    }
    Expr in = expressions.tuple(false, () -> tokens.current().isName("recursive"));
    Expr filter = tokens.skipName("if") ? expressions.expression() : null;
    boolean recursive = tokens.skipName("recursive");
    tokens.expect(Kind.BLOCK_END, "the end of the tag");
    loops++;
    List<Node> body = body("endfor", "else");
    loops--;
    List<Node> otherwise = tokens.next().text().equals("else") ? until("endfor") : List.of();
    return new Node.For(target, in, filter, recursive, body, otherwise);
  }

  private Node set() {
    Target target = target(() -> tokens.current().isOperator("="), true);
    if (tokens.skipOperator("=")) {
      return new Node.Set(target, expressions.tuple(true, () -> false));
    }
    Expr filtered = tokens.skipOperator("|") ? expressions.filterChain() : null;
    return new Node.SetBlock(target, filtered, apart("endset"));
  }

  private Target target(java.util.function.BooleanSupplier end, boolean members) {
    List<Target> targets = new ArrayList<>();
    boolean several = false;
    while (!end.getAsBoolean()) {
      if (tokens.skipOperator("(")) {
        targets.add(target(() -> tokens.current().isOperator(")"), members));
        tokens.expectOperator(")");
      } else {
        String name = tokens.expectName();
        if (members && tokens.skipOperator(".")) {
          targets.add(new Target.Member(name, tokens.expectName()));
        } else {
          targets.add(variable(name));
        }
      }
      if (!tokens.skipOperator(",")) {
        break;
      }
      several = true;
    }
    if (targets.isEmpty()) {
      throw tokens.unexpected("a name");
    }
    return several ? new Target.Several(targets) : targets.get(0);
  }

  private static Target variable(String name) {
    if (List.of("true", "false", "none", "True", "False", "None").contains(name)) {
      throw TemplateError.broken("'" + name + "' cannot be set");
    }
    return new Target.Variable(name);
  }

  private Node with() {
    List<Target> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!tokens.current().is(Kind.BLOCK_END)) {
      if (!targets.isEmpty()) {
        tokens.expectOperator(",");
      }
      targets.add(variable(tokens.expectName()));
      tokens.expectOperator("=");
      values.add(expressions.expression());
    }
    return new Node.With(targets, values, until("endwith"));
  }

  private Node macro() {
    String name = tokens.expectName();
    variable(name);
    Signature signature = signature();
    return new Node.MacroDefinition(name, signature, apart("endmacro"));
  }

  private Signature signature() {
    List<String> names = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    tokens.expectOperator("(");
    while (!tokens.current().isOperator(")")) {
      if (!names.isEmpty()) {
        tokens.expectOperator(",");
      }
      String name = tokens.expectName();
      variable(name);
      names.add(name);
      if (tokens.skipOperator("=")) {
        defaults.add(expressions.expression());
      } else if (!defaults.isEmpty()) {
        throw TemplateError.broken("the parameter '" + name + "' has no default");
      }
    }
    tokens.next();
    return new Signature(names, defaults);
  }

  private Node call() {
    Signature signature =
        tokens.current().isOperator("(") ? signature() : new Signature(List.of(), List.of());
    if (!(expressions.expression() instanceof Expr.Call call)) {
      throw tokens.unexpected("a call");
    }
    return new Node.CallBlock(call, signature, apart("endcall"));
  }
}
