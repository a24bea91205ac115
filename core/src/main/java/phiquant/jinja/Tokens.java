package phiquant.jinja;

import java.util.List;
import phiquant.jinja.Token.Kind;

/** A template's tokens with a place in them, and what a parser asks of both. */
final class Tokens {
  /** Deeper ones are no prompts, and would need a deep stack. */
  private static final int DEPTH = 100;

  private final List<Token> tokens;
  private int at;
  private int depth;

  Tokens(List<Token> tokens) {
    this.tokens = tokens;
  }

  Token current() {
    return tokens.get(at);
  }

  /** The one after the current. */
  Token following() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  Token next() {
    Token token = current();
    at = Math.min(at + 1, tokens.size() - 1);
    return token;
  }

  boolean skipName(String name) {
    return skip(current().isName(name));
  }

  boolean skipOperator(String operator) {
    return skip(current().isOperator(operator));
  }

  private boolean skip(boolean there) {
    if (there) {
      next();
    }
    return there;
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw unexpected("'" + operator + "'");
    }
  }

  String expectName() {
    if (!current().is(Kind.NAME)) {
      throw unexpected("a name");
    }
    return next().text();
  }

  void expect(Kind kind, String what) {
    if (!current().is(kind)) {
      throw unexpected(what);
    }
    next();
  }

  TemplateError unexpected(String wanted) {
    Token token = current();
    String found =
        switch (token.kind()) {
          case END -> "its end";
          case BLOCK_END, PRINT_END -> "the end of a tag";
          case DATA, BLOCK_BEGIN, PRINT_BEGIN -> "text";
          default -> "'" + token.text() + "'";
        };
    return TemplateError.broken(
        "in line %d there is %s instead of %s".formatted(token.line(), found, wanted));
  }

  /** One level deeper; to be left again. */
  void enter() {
    if (++depth > DEPTH) {
      throw new TemplateError(
          TemplateError.Kind.TOO_MUCH, "it is nested more than " + DEPTH + " deep");
    }
  }

  void leave() {
    depth--;
  }
}
