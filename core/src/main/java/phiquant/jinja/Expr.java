package phiquant.jinja;

import java.util.List;

/** An expression of a template, as a tree: what {@code jinja2.nodes} has of them. */
sealed interface Expr {
  record Constant(Object value) implements Expr {}

  record Name(String name) implements Expr {}

  /** A list or tuple. */
  record Items(List<Expr> items, boolean tuple) implements Expr {}

  record Dict(List<Expr> keys, List<Expr> values) implements Expr {}

  /** {@code -x}, {@code +x}, {@code not x}. */
  record Unary(String operator, Expr operand) implements Expr {}

  record Binary(String operator, Expr left, Expr right) implements Expr {}

  /** {@code a < b <= c}. */
  record Compare(Expr first, List<String> operators, List<Expr> others) implements Expr {}

  /** {@code a ~ b ~ c}. */
  record Concat(List<Expr> parts) implements Expr {}

  /** {@code then if test else otherwise}; otherwise may be null. */
  record Choice(Expr test, Expr then, Expr otherwise) implements Expr {}

  record Attribute(Expr of, String name) implements Expr {}

  record Item(Expr of, Expr index) implements Expr {}

  /** {@code of[from:to:step]}; each may be null. */
  record Slice(Expr of, Expr from, Expr to, Expr step) implements Expr {}

  record Call(Expr function, Passed passed) implements Expr {}

  /** {@code value | name(…)}; the value is null in a filter block. */
  record Filter(Expr value, String name, Passed passed) implements Expr {}

  /** {@code value is name(…)}. */
  record Test(Expr value, String name, Passed passed) implements Expr {}

  /**
   * What stands between a call's parentheses.
   *
   * @param list {@code *list}, or null
   * @param map {@code **map}, or null
   */
  record Passed(List<Expr> positional, List<String> names, List<Expr> named, Expr list, Expr map) {
    static final Passed NOTHING = new Passed(List.of(), List.of(), List.of(), null, null);
  }
}
