package phiquant.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import phiquant.jinja.Expr.Passed;
import phiquant.jinja.Token.Kind;

/**
 * Reads expressions with the precedence that Jinja has (jinja2/parser.py), which is not Python's in
 * all: {@code ~} binds tighter than {@code +}, and powers group to the left.
 */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<Kind> PRIMARY = Set.of(Kind.NAME, Kind.STRING, Kind.INTEGER, Kind.FLOAT);

  private final Tokens tokens;

  ExpressionParser(Tokens tokens) {
    this.tokens = tokens;
  }

  Expr expression() {
    tokens.enter();
    Expr then = or();
    while (tokens.skipName("if")) {
      Expr test = or();
      then = new Expr.Choice(test, then, tokens.skipName("else") ? expression() : null);
    }
    tokens.leave();
    return then;
  }

  /** One expression, or several with commas between them. */
  Expr tuple(boolean choices, BooleanSupplier end) {
    List<Expr> items = new ArrayList<>();
    boolean tuple = false;
    while (!ends(end)) {
      items.add(choices ? expression() : or());
      if (!tokens.skipOperator(",")) {
        break;
      }
      tuple = true;
    }
    if (items.isEmpty()) {
      throw tokens.unexpected("an expression");
    }
    return tuple ? new Expr.Items(items, true) : items.get(0);
  }

  private boolean ends(BooleanSupplier end) {
    Token token = tokens.current();
    return token.is(Kind.PRINT_END)
        || token.is(Kind.BLOCK_END)
        || token.isOperator(")")
        || end.getAsBoolean();
  }

  private Expr or() {
    Expr left = and();
    while (tokens.skipName("or")) {
      left = new Expr.Binary("or", left, and());
    }
    return left;
  }

  private Expr and() {
    Expr left = not();
    while (tokens.skipName("and")) {
      left = new Expr.Binary("and", left, not());
    }
    return left;
  }

  private Expr not() {
    if (!tokens.skipName("not")) {
      return compare();
    }
    tokens.enter();
    Expr operand = not();
    tokens.leave();
    return new Expr.Unary("not", operand);
  }

  private Expr compare() {
    Expr first = sum();
    List<String> operators = new ArrayList<>();
    List<Expr> others = new ArrayList<>();
    while (true) {
      Token token = tokens.current();
      if (token.is(Kind.OPERATOR) && COMPARISONS.contains(token.text())) {
        operators.add(tokens.next().text());
      } else if (tokens.skipName("in")) {
        operators.add("in");
      } else if (token.isName("not") && tokens.following().isName("in")) {
        tokens.next();
        tokens.next();
        operators.add("not in");
      } else {
        return operators.isEmpty() ? first : new Expr.Compare(first, operators, others);
      }
      others.add(sum());
    }
  }

  private Expr sum() {
    Expr left = concat();
    while (tokens.current().isOperator("+") || tokens.current().isOperator("-")) {
      left = new Expr.Binary(tokens.next().text(), left, concat());
    }
    return left;
  }

  private Expr concat() {
    List<Expr> parts = new ArrayList<>(List.of(product()));
    while (tokens.skipOperator("~")) {
      parts.add(product());
    }
    return parts.size() == 1 ? parts.get(0) : new Expr.Concat(parts);
  }

  private Expr product() {
    Expr left = power();
    while (isProduct(tokens.current())) {
      left = new Expr.Binary(tokens.next().text(), left, power());
    }
    return left;
  }

  private static boolean isProduct(Token token) {
    return token.is(Kind.OPERATOR) && Set.of("*", "/", "//", "%").contains(token.text());
  }

  private Expr power() {
    Expr left = unary(true);
    while (tokens.skipOperator("**")) {
      left = new Expr.Binary("**", left, unary(true));
    }
    return left;
  }

  private Expr unary(boolean filters) {
    Expr value;
    if (tokens.current().isOperator("-") || tokens.current().isOperator("+")) {
      tokens.enter();
      String operator = tokens.next().text();
      value = new Expr.Unary(operator, unary(false));
      tokens.leave();
    } else {
      value = primary();
    }
    value = postfix(value);
    return filters ? filters(value) : value;
  }

  private Expr primary() {
    Token token = tokens.next();
    switch (token.kind()) {
      case NAME -> {
        return switch (token.text()) {
          case "true", "True" -> new Expr.Constant(true);
          case "false", "False" -> new Expr.Constant(false);
          case "none", "None" -> new Expr.Constant(null);
          default -> new Expr.Name(token.text());
        };
      }
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (tokens.current().is(Kind.STRING)) {
          text.append(tokens.next().text());
        }
        return new Expr.Constant(text.toString());
      }
      case INTEGER -> {
        return new Expr.Constant(integer(token.text()));
      }
      case FLOAT -> {
        return new Expr.Constant(Double.valueOf(token.text().replace("_", "")));
      }
      default -> {
        return switch (token.text()) {
          case "(" -> parentheses();
          case "[" -> new Expr.Items(items("]"), false);
          case "{" -> dict();
          default ->
              throw TemplateError.broken(
                  "in line " + token.line() + " there is no expression where one should be");
        };
      }
    }
  }

  static long integer(String text) {
    String digits = text.replace("_", "").toLowerCase(java.util.Locale.ROOT);
    int radix =
        digits.startsWith("0x")
            ? 16
            : digits.startsWith("0o") ? 8 : digits.startsWith("0b") ? 2 : 10;
    BigInteger value = new BigInteger(radix == 10 ? digits : digits.substring(2), radix);
    if (value.bitLength() > 63) {
      throw TemplateError.unsupported("an integer of more than 64 bits");
    }
    return value.longValue();
  }

  private Expr parentheses() {
    if (tokens.skipOperator(")")) {
      return new Expr.Items(List.of(), true);
    }
    Expr inner = tuple(true, () -> false);
    tokens.expectOperator(")");
    return inner;
  }

  private List<Expr> items(String end) {
    List<Expr> items = new ArrayList<>();
    while (!tokens.current().isOperator(end)) {
      if (!items.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.current().isOperator(end)) {
          break;
        }
      }
      items.add(expression());
    }
    tokens.next();
    return items;
  }

  private Expr dict() {
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!tokens.current().isOperator("}")) {
      if (!keys.isEmpty()) {
        tokens.expectOperator(",");
        if (tokens.current().isOperator("}")) {
          break;
        }
      }
      keys.add(expression());
      tokens.expectOperator(":");
      values.add(expression());
    }
    tokens.next();
    return new Expr.Dict(keys, values);
  }

  private Expr postfix(Expr start) {
    Expr value = start;
    while (true) {
      if (tokens.skipOperator(".")) {
        Token name = tokens.next();
        value =
            switch (name.kind()) {
              case NAME -> new Expr.Attribute(value, name.text());
              case INTEGER -> new Expr.Item(value, new Expr.Constant(integer(name.text())));
              default ->
                  throw TemplateError.broken("in line " + name.line() + " a name is missing");
            };
      } else if (tokens.skipOperator("[")) {
        value = subscript(value);
      } else if (tokens.current().isOperator("(")) {
        value = new Expr.Call(value, passed());
      } else {
        return value;
      }
    }
  }

  private Expr subscript(Expr of) {
    Expr[] parts = new Expr[3];
    int colons = 0;
    while (!tokens.current().isOperator("]")) {
      if (colons < 2 && tokens.skipOperator(":")) {
        colons++;
      } else if (parts[colons] == null) {
        parts[colons] = expression();
      } else {
        throw tokens.unexpected("']'");
      }
    }
    tokens.next();
    if (colons > 0) {
      return new Expr.Slice(of, parts[0], parts[1], parts[2]);
    }
    if (parts[0] == null) {
      throw tokens.unexpected("an index");
    }
    return new Expr.Item(of, parts[0]);
  }

  private Expr filters(Expr start) {
    Expr value = start;
    while (true) {
      if (tokens.current().isOperator("|")) {
        value = filter(value);
      } else if (tokens.skipName("is")) {
        value = test(value);
      } else if (tokens.current().isOperator("(")) {
        value = new Expr.Call(value, passed());
      } else {
        return value;
      }
    }
  }

  private Expr filter(Expr value) {
    tokens.expectOperator("|");
    return filterHere(value);
  }

  /** A filter whose bar has been read, and those after it; the value may be null. */
  Expr filterHere(Expr value) {
    String name = dotted();
    Passed passed = tokens.current().isOperator("(") ? passed() : Passed.NOTHING;
    return new Expr.Filter(value, name, passed);
  }

  /** All filters from here on, applied to what is not an expression but a block's text. */
  Expr filterChain() {
    Expr chain = filterHere(null);
    while (tokens.current().isOperator("|")) {
      chain = filter(chain);
    }
    return chain;
  }

  private String dotted() {
    StringBuilder name = new StringBuilder(tokens.expectName());
    while (tokens.skipOperator(".")) {
      name.append('.').append(tokens.expectName());
    }
    return name.toString();
  }

  private Expr test(Expr value) {
    boolean negated = tokens.skipName("not");
    String name = dotted();
    Passed passed = Passed.NOTHING;
    Token token = tokens.current();
    boolean opens = Set.of("(", "[", "{").contains(token.is(Kind.OPERATOR) ? token.text() : "");
    boolean ends = token.isName("else") || token.isName("or") || token.isName("and");
    if (token.isOperator("(")) {
      passed = passed();
    } else if (token.isName("is")) {
      throw TemplateError.broken("tests cannot be chained with 'is'");
    } else if ((PRIMARY.contains(token.kind()) || opens) && !ends) {
      Expr argument = postfix(primary());
      passed = new Passed(List.of(argument), List.of(), List.of(), null, null);
    }
    Expr test = new Expr.Test(value, name, passed);
    return negated ? new Expr.Unary("not", test) : test;
  }

  Passed passed() {
    tokens.expectOperator("(");
    List<Expr> positional = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Expr> named = new ArrayList<>();
    Expr list = null;
    Expr map = null;
    boolean first = true;
    while (!tokens.current().isOperator(")")) {
      if (!first) {
        tokens.expectOperator(",");
        if (tokens.current().isOperator(")")) {
          break;
        }
      }
      first = false;
      if (tokens.current().isOperator("*") && list == null && map == null) {
        tokens.next();
        list = expression();
      } else if (tokens.current().isOperator("**") && map == null) {
        tokens.next();
        map = expression();
      } else if (tokens.current().is(Kind.NAME) && tokens.following().isOperator("=")) {
        names.add(tokens.next().text());
        tokens.next();
        named.add(expression());
      } else if (names.isEmpty() && list == null && map == null) {
        positional.add(expression());
      } else {
        throw tokens.unexpected("a named argument");
      }
    }
    tokens.next();
    return new Passed(positional, names, named, list, map);
  }
}
