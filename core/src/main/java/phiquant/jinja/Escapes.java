package phiquant.jinja;

/** Python's escapes in a string literal, as its codec {@code unicode-escape} reads them. */
final class Escapes {
  private Escapes() {}

  static String read(String literal) {
    if (literal.indexOf('\\') < 0) {
      return literal;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < literal.length(); i++) {
      char c = literal.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char kind = literal.charAt(++i);
      switch (kind) {
        case '\n' -> {}
        case 'n' -> text.append('\n');
        case 't' -> text.append('\t');
        case 'r' -> text.append('\r');
        case 'b' -> text.append('\b');
        case 'f' -> text.append('\f');
        case 'a' -> text.append('\u0007');
        case 'v' -> text.append('\u000b');
        case '\\', '\'', '"' -> text.append(kind);
        case 'x' -> i = hexadecimal(literal, i, 2, text);
        case 'u' -> i = hexadecimal(literal, i, 4, text);
        case 'U' -> i = hexadecimal(literal, i, 8, text);
        case 'N' -> throw TemplateError.unsupported("a character's name in a string (\\N)");
        default -> {
          if (kind >= '0' && kind <= '7') {
            i = octal(literal, i, text);
          } else {
            text.append('\\').append(kind);
          }
        }
      }
    }
    return text.toString();
  }

  private static int hexadecimal(String literal, int at, int digits, StringBuilder text) {
    int end = at + 1 + digits;
    if (end > literal.length() || !literal.substring(at + 1, end).matches("[0-9a-fA-F]+")) {
      throw TemplateError.broken("a string has a wrong escape");
    }
    long code = Long.parseLong(literal.substring(at + 1, end), 16);
    if (code > Character.MAX_CODE_POINT) {
      throw TemplateError.broken("a string has a wrong escape");
    }
    text.appendCodePoint((int) code);
    return end - 1;
  }

  private static int octal(String literal, int at, StringBuilder text) {
    int end = at;
    int code = 0;
    while (end < Math.min(at + 3, literal.length())
        && literal.charAt(end) >= '0'
        && literal.charAt(end) <= '7') {
      code = code * 8 + literal.charAt(end++) - '0';
    }
    text.append((char) code);
    return end - 1;
  }
}
