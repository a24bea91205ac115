package phiquant.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.jinja.Values.Function;
import phiquant.jinja.Values.Tuple;
import phiquant.jinja.Values.Undefined;

/** Gives the values of expressions. */
final class ExpressionEvaluator {
  private static final List<String> UNSUPPORTED = List.of("self", "super", "varargs", "kwargs");

  private final Interpreter in;

  ExpressionEvaluator(Interpreter in) {
    this.in = in;
  }

  Object value(Expr expression, Scope scope) {
    in.budget.enter();
    Object value =
        switch (expression) {
          case Expr.Constant constant -> constant.value();
          case Expr.Name name -> name(name.name(), scope);
          case Expr.Items items -> items(items, scope);
          case Expr.Dict dict -> dict(dict, scope);
          case Expr.Unary unary -> unary(unary, scope);
          case Expr.Binary binary -> binary(binary, scope);
          case Expr.Compare compare -> compare(compare, scope);
          case Expr.Concat concat -> concat(concat, scope);
          case Expr.Choice choice -> choice(choice, scope);
          case Expr.Attribute attribute ->
              in.attributes.attribute(value(attribute.of(), scope), attribute.name());
          case Expr.Item item ->
              in.attributes.item(value(item.of(), scope), value(item.index(), scope));
          case Expr.Slice slice ->
              in.attributes.slice(
                  value(slice.of(), scope),
                  slice.from() == null ? null : value(slice.from(), scope),
                  slice.to() == null ? null : value(slice.to(), scope),
                  slice.step() == null ? null : value(slice.step(), scope));
          case Expr.Call call -> call(call, scope, Arguments.ABSENT);
          case Expr.Filter filter -> filter(filter, value(filter.value(), scope), scope);
          case Expr.Test test ->
              in.tests.test(
                  test.name(), value(test.value(), scope), arguments(test.passed(), scope));
        };
    in.budget.leave();
    return value;
  }

  private Object name(String name, Scope scope) {
    Object value = scope.get(name);
    if (value == Arguments.ABSENT) {
      value = in.globals.get(name);
    }
    if (value == Arguments.ABSENT && UNSUPPORTED.contains(name)) {
      throw TemplateError.unsupported("the name '" + name + "'");
    }
    return value == Arguments.ABSENT ? new Undefined(name) : value;
  }

  private Object items(Expr.Items items, Scope scope) {
    in.budget.make(items.items().size());
    List<Object> values = new ArrayList<>();
    for (Expr item : items.items()) {
      values.add(value(item, scope));
    }
    return items.tuple() ? new Tuple(values.toArray()) : values;
  }

  private Object dict(Expr.Dict dict, Scope scope) {
    in.budget.make(dict.keys().size() * 4.0);
    Map<Object, Object> values = Values.dict();
    for (int i = 0; i < dict.keys().size(); i++) {
      Object key = Python.key(value(dict.keys().get(i), scope));
      values.put(key, value(dict.values().get(i), scope));
    }
    return values;
  }

  private Object unary(Expr.Unary unary, Scope scope) {
    Object operand = value(unary.operand(), scope);
    return unary.operator().equals("not")
        ? (Object) !Python.truth(operand)
        : in.operators.unary(unary.operator(), operand);
  }

  private Object binary(Expr.Binary binary, Scope scope) {
    Object left = value(binary.left(), scope);
    return switch (binary.operator()) {
      case "and" -> Python.truth(left) ? value(binary.right(), scope) : left;
      case "or" -> Python.truth(left) ? left : value(binary.right(), scope);
      default -> in.operators.binary(binary.operator(), left, value(binary.right(), scope));
    };
  }

  private Object compare(Expr.Compare compare, Scope scope) {
    Object left = value(compare.first(), scope);
    for (int i = 0; i < compare.operators().size(); i++) {
      Object right = value(compare.others().get(i), scope);
      if (!holds(compare.operators().get(i), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private boolean holds(String operator, Object left, Object right) {
    return switch (operator) {
      case "in" -> in.python.contains(right, left);
      case "not in" -> !in.python.contains(right, left);
      default -> in.tests.test(operator, left, Arguments.of(right));
    };
  }

  private Object concat(Expr.Concat concat, Scope scope) {
    StringBuilder out = new StringBuilder();
    for (Expr part : concat.parts()) {
      String text = in.text.str(value(part, scope));
      in.budget.make(text.length());
      out.append(text);
    }
    return out.toString();
  }

  private Object choice(Expr.Choice choice, Scope scope) {
    if (Python.truth(value(choice.test(), scope))) {
      return value(choice.then(), scope);
    }
    return choice.otherwise() == null
        ? new Undefined("the else of an if expression")
        : value(choice.otherwise(), scope);
  }

  /** A call; the caller is that of a call block, if it is one's. */
  Object call(Expr.Call call, Scope scope, Object caller) {
    Object function = value(call.function(), scope);
    Arguments given = arguments(call.passed(), scope);
    if (caller != Arguments.ABSENT) {
      given.named().put("caller", caller);
    }
    return switch (Values.present(function)) {
      case Function body -> body.body().call(given);
      case Loop loop -> loop.call(given);
      case Undefined undefined -> throw Python.undefined(undefined);
      default -> throw TemplateError.broken("a " + Python.type(function) + " cannot be called");
    };
  }

  /** A chain of filters, the innermost of which has no value of its own, applied to one. */
  Object filtered(Expr chain, Object value, Scope scope) {
    Expr.Filter filter = (Expr.Filter) chain;
    Object inner = filter.value() == null ? value : filtered(filter.value(), value, scope);
    return filter(filter, inner, scope);
  }

  private Object filter(Expr.Filter filter, Object value, Scope scope) {
    return in.filters.filter(filter.name(), value, arguments(filter.passed(), scope));
  }

  private Arguments arguments(Expr.Passed passed, Scope scope) {
    List<Object> positional = new ArrayList<>();
    for (Expr each : passed.positional()) {
      positional.add(value(each, scope));
    }
    Map<String, Object> named = new LinkedHashMap<>();
    for (int i = 0; i < passed.names().size(); i++) {
      named.put(passed.names().get(i), value(passed.named().get(i), scope));
    }
    if (passed.list() != null) {
      List<Object> more = in.python.items(value(passed.list(), scope));
      in.budget.make(more.size());
      positional.addAll(more);
    }
    if (passed.map() != null) {
      if (!(value(passed.map(), scope) instanceof Map<?, ?> map)) {
        throw TemplateError.broken("what follows ** is no dict");
      }
      in.budget.make(map.size() * 4.0);
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        named.put(Arguments.text(entry.getKey(), "a name"), entry.getValue());
      }
    }
    return new Arguments(positional, named);
  }
}
