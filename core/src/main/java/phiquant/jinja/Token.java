package phiquant.jinja;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text data or a string's value, a name, a number as written, an operator
 * @param line where it stands, from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    DATA,
    BLOCK_BEGIN,
    BLOCK_END,
    PRINT_BEGIN,
    PRINT_END,
    NAME,
    STRING,
    INTEGER,
    FLOAT,
    OPERATOR,
    END
  }

  boolean is(Kind other) {
    return kind == other;
  }

  boolean isName(String name) {
    return kind == Kind.NAME && text.equals(name);
  }

  boolean isOperator(String operator) {
    return kind == Kind.OPERATOR && text.equals(operator);
  }
}
