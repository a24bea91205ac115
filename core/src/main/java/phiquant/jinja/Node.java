package phiquant.jinja;

import java.util.List;

/** A statement of a template, as a tree: what {@code jinja2.nodes} has of them. */
sealed interface Node {
  record Text(String text) implements Node {}

  record Print(Expr value) implements Node {}

  /** Branches in order; the last test is null for {@code else}. */
  record If(List<Expr> tests, List<List<Node>> bodies) implements Node {}

  /** The filter may be null. */
  record For(
      Target target, Expr in, Expr filter, boolean recursive, List<Node> body, List<Node> otherwise)
      implements Node {}

  record Set(Target target, Expr value) implements Node {}

  /** {@code {% set x %}…{% endset %}}; filters are applied to what it holds. */
  record SetBlock(Target target, Expr filtered, List<Node> body) implements Node {}

  record With(List<Target> targets, List<Expr> values, List<Node> body) implements Node {}

  record MacroDefinition(String name, Signature signature, List<Node> body) implements Node {}

  record CallBlock(Expr.Call call, Signature signature, List<Node> body) implements Node {}

  record FilterBlock(Expr filtered, List<Node> body) implements Node {}

  /** transformers' tag around what a model is trained on: it gives what it holds. */
  record Generation(List<Node> body) implements Node {}

  record Break() implements Node {}

  record Continue() implements Node {}

  /** A macro's parameters; those with defaults are last. */
  record Signature(List<String> names, List<Expr> defaults) {}

  /** Where a value goes. */
  sealed interface Target {
    record Variable(String name) implements Target {}

    record Member(String namespace, String name) implements Target {}

    record Several(List<Target> targets) implements Target {}
  }
}
