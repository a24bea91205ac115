package phiquant.jinja;

import java.util.List;
import java.util.Map;
import phiquant.jinja.Node.Target;
import phiquant.jinja.Values.Function;
import phiquant.jinja.Values.Namespace;
import phiquant.jinja.Values.Undefined;

/**
 * Writes what a template's statements say. Names are Jinja's: a loop's body, a macro's and a
 * block's have their own, and an {@code if} has none.
 */
final class Interpreter {
  final Budget budget = new Budget();
  final Python python = new Python(budget);
  final PythonText text = new PythonText(budget);
  final Operators operators = new Operators(budget, text);
  final StringMethods strings = new StringMethods(budget, python, text);
  final Attributes attributes = new Attributes(budget, python, strings);
  final Tests tests = new Tests(python, text);
  final Filters filters = new Filters(this);
  final Globals globals = new Globals(this);
  private final ExpressionEvaluator evaluator = new ExpressionEvaluator(this);

  /** How a body ended. */
  private enum End {
    NORMAL,
    BREAK,
    CONTINUE
  }

  static String render(List<Node> template, Map<String, Object> context) {
    Scope given = new Scope(null);
    context.forEach(given::set);
    return new Interpreter().written(template, new Scope(given));
  }

  /** What a body writes. */
  private String written(List<Node> body, Scope scope) {
    StringBuilder out = new StringBuilder();
    run(body, scope, out);
    return out.toString();
  }

  private End run(List<Node> body, Scope scope, StringBuilder out) {
    budget.enter();
    for (Node node : body) {
      End end = run(node, scope, out);
      if (end != End.NORMAL) {
        budget.leave();
        return end;
      }
    }
    budget.leave();
    return End.NORMAL;
  }

  private End run(Node node, Scope scope, StringBuilder out) {
    budget.step();
    switch (node) {
      case Node.Text text -> write(text.text(), out);
      case Node.Print print -> write(text.str(evaluator.value(print.value(), scope)), out);
      case Node.If branches -> {
        for (int i = 0; i < branches.tests().size(); i++) {
          Expr test = branches.tests().get(i);
          if (test == null || Python.truth(evaluator.value(test, scope))) {
            return run(branches.bodies().get(i), scope, out);
          }
        }
      }
      case Node.For loop -> loop(loop, evaluator.value(loop.in(), scope), scope, 0, out);
      case Node.Set set -> assign(set.target(), evaluator.value(set.value(), scope), scope);
      case Node.SetBlock set -> {
        Object value = written(set.body(), new Scope(scope));
        if (set.filtered() != null) {
          value = evaluator.filtered(set.filtered(), value, scope);
        }
        assign(set.target(), value, scope);
      }
      case Node.With with -> {
        Scope inner = new Scope(scope);
        for (int i = 0; i < with.targets().size(); i++) {
          assign(with.targets().get(i), evaluator.value(with.values().get(i), scope), inner);
        }
        return run(with.body(), inner, out);
      }
      case Node.MacroDefinition macro ->
          scope.set(macro.name(), macro(macro.name(), macro.signature(), macro.body(), scope));
      case Node.CallBlock block -> {
        Object caller = macro("caller", block.signature(), block.body(), scope);
        write(text.str(evaluator.call(block.call(), scope, caller)), out);
      }
      case Node.FilterBlock block -> {
        String body = written(block.body(), new Scope(scope));
        write(text.str(evaluator.filtered(block.filtered(), body, scope)), out);
      }
      case Node.Generation generation -> run(generation.body(), new Scope(scope), out);
      case Node.Break end -> {
        return End.BREAK;
      }
      case Node.Continue end -> {
        return End.CONTINUE;
      }
    }
    return End.NORMAL;
  }

  /** Everything written pays, in a block that is thrown away too. */
  private void write(String text, StringBuilder out) {
    budget.scan(text.length());
    budget.write(text.length());
    out.append(text);
  }

  private void loop(Node.For loop, Object over, Scope scope, int depth, StringBuilder out) {
    List<Object> items = python.items(over);
    if (loop.filter() != null) {
      List<Object> kept = new java.util.ArrayList<>();
      for (Object item : items) {
        Scope inner = new Scope(scope);
        inner.set("loop", new Undefined("loop"));
        assign(loop.target(), item, inner);
        budget.make(1);
        if (Python.truth(evaluator.value(loop.filter(), inner))) {
          kept.add(item);
        }
      }
      items = kept;
    }
    if (items.isEmpty()) {
      run(loop.otherwise(), new Scope(scope), out);
      return;
    }
    Function.Body recursion =
        given -> {
          if (!loop.recursive()) {
            throw TemplateError.broken("'loop' is called in a loop that is not recursive");
          }
          StringBuilder inner = new StringBuilder();
          loop(loop, given.bind("loop", "iterable")[0], scope, depth + 1, inner);
          return inner.toString();
        };
    Loop state = new Loop(python, items, depth, recursion);
    for (Object item : items) {
      state.next();
      Scope inner = new Scope(scope);
      inner.set("loop", state);
      assign(loop.target(), item, inner);
      if (run(loop.body(), inner, out) == End.BREAK) {
        return;
      }
    }
  }

  private void assign(Target target, Object value, Scope scope) {
    budget.step();
    switch (target) {
      case Target.Variable variable -> scope.set(variable.name(), value);
      case Target.Member member -> {
        if (!(scope.get(member.namespace()) instanceof Namespace namespace)) {
          throw TemplateError.broken("'" + member.namespace() + "' is not a namespace");
        }
        Globals.checkAttribute(member.name());
        namespace.attributes().put(member.name(), value);
      }
      case Target.Several several -> {
        List<Object> parts = python.items(value);
        if (parts.size() != several.targets().size()) {
          throw TemplateError.broken(
              "%d values cannot be given to %d names"
                  .formatted(parts.size(), several.targets().size()));
        }
        for (int i = 0; i < parts.size(); i++) {
          assign(several.targets().get(i), parts.get(i), scope);
        }
      }
    }
  }

  private Function macro(String name, Node.Signature signature, List<Node> body, Scope scope) {
    return new Function(name, given -> called(name, signature, body, scope, given));
  }

  private String called(
      String name, Node.Signature signature, List<Node> body, Scope around, Arguments given) {
    budget.enter();
    List<String> names = signature.names();
    int required = names.size() - signature.defaults().size();
    Scope scope = new Scope(around);
    // Without a caller there is none, even if the macro around has one.
    Object caller = given.named().remove("caller");
    boolean passedOn = names.contains("caller");
    scope.set("caller", caller == null ? new Undefined("caller") : caller);
    List<Object> rest = given.positional();
    for (int i = 0; i < names.size(); i++) {
      String parameter = names.get(i);
      Object value;
      if (passedOn && parameter.equals("caller")) {
        throw TemplateError.unsupported("a parameter that is called 'caller'");
      } else if (i < rest.size()) {
        value = rest.get(i);
        if (given.named().containsKey(parameter)) {
          throw TemplateError.broken(name + " was given '" + parameter + "' twice");
        }
      } else if (given.named().containsKey(parameter)) {
        value = given.named().remove(parameter);
      } else {
        value =
            i < required
                ? new Undefined(parameter)
                : evaluator.value(signature.defaults().get(i - required), scope);
      }
      scope.set(parameter, value);
    }
    if (rest.size() > names.size() || !given.named().isEmpty()) {
      throw TemplateError.unsupported("giving more to a macro than it names");
    }
    String result = written(body, scope);
    budget.make(result.length());
    budget.leave();
    return result;
  }
}
