package phiquant.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.jinja.Token.Kind;

/**
 * Cuts a template into tokens as Jinja 3.1 does with {@code trim_blocks} and {@code lstrip_blocks}
 * (jinja2/lexer.py): a block takes the line break after it and the blanks before it along, a minus
 * all white space, a plus keeps it.
 */
final class Lexer {
  private static final String SPACE = "[\\s\\x1c-\\x1f\\x85\\p{Z}]";
  private static final Pattern TAG =
      Pattern.compile(
          "(?<raw>\\{%[-+]?"
              + SPACE
              + "*raw"
              + SPACE
              + "*(?:-%\\}"
              + SPACE
              + "*|%\\}))"
              + "|(?<tag>\\{[%{#])");
  private static final Pattern END_RAW =
      Pattern.compile("\\{%(?<sign>[-+]?)" + SPACE + "*endraw" + SPACE + "*(?<close>[-+]?)%\\}");
  private static final Pattern BLANK = Pattern.compile(SPACE + "+");
  private static final Pattern FLOAT =
      Pattern.compile(
          "(?<!\\.)(\\d+_)*\\d+((\\.(\\d+_)*\\d+)?[eE][+-]?(\\d+_)*\\d+|\\.(\\d+_)*\\d+)");
  private static final Pattern INTEGER =
      Pattern.compile("0[bB](_?[01])+|0[oO](_?[0-7])+|0[xX](_?[\\da-fA-F])+|[1-9](_?\\d)*|0(_?0)*");
  private static final Pattern NAME = Pattern.compile("\\w+", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern OPERATOR =
      Pattern.compile("//|\\*\\*|==|!=|>=|<=|[-+/*%~\\[\\](){}><=.:|,;]");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private int counted; // Characters whose lines are in `line`.
  private boolean lineStarts = true;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Token> tokens(String template) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    // Jinja leaves out one line break at the end.
    Lexer lexer =
        new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    Matcher tag = TAG.matcher(source);
    while (tag.find(at)) {
      boolean raw = tag.group("raw") != null;
      int begin = tag.start();
      char kind = source.charAt(begin + 1);
      data(source.substring(at, begin), sign(begin + 2), kind != '{');
      if (raw) {
        at = tag.end();
        raw();
      } else if (kind == '#') {
        comment(begin);
      } else {
        at = begin + 2 + (sign(begin + 2) == ' ' ? 0 : 1);
        add(kind == '%' ? Kind.BLOCK_BEGIN : Kind.PRINT_BEGIN, "");
        expression(kind == '%' ? "%}" : "}}", kind == '%');
      }
      if (at >= source.length()) {
        break;
      }
    }
    if (at < source.length()) {
      add(Kind.DATA, source.substring(at));
    }
    add(Kind.END, "");
  }

  /** The plus or minus at a place, or a blank. */
  private char sign(int place) {
    char c = place < source.length() ? source.charAt(place) : ' ';
    return c == '-' || c == '+' ? c : ' ';
  }

  /** Text before a tag, less what the tag takes along. */
  private void data(String text, char sign, boolean block) {
    String kept = text;
    if (sign == '-') {
      kept = PythonText.rstrip(text);
    } else if (sign == ' ' && block) {
      int last = text.lastIndexOf('\n') + 1;
      if ((last > 0 || lineStarts) && BLANK.matcher(text.substring(last)).matches()) {
        kept = text.substring(0, last);
      }
    }
    if (!kept.isEmpty()) {
      add(Kind.DATA, kept);
    }
  }

  private void comment(int begin) {
    int end = source.indexOf("#}", begin + 2);
    if (end < 0) {
      throw TemplateError.broken("a comment is not closed");
    }
    close(end - 1 >= begin + 2 ? source.charAt(end - 1) : ' ', end + 2, true);
  }

  private void raw() {
    Matcher end = END_RAW.matcher(source);
    if (!end.find(at)) {
      throw TemplateError.broken("a raw block is not closed");
    }
    String sign = end.group("sign");
    lineStarts = source.charAt(at - 1) == '\n';
    data(source.substring(at, end.start()), sign.isEmpty() ? ' ' : sign.charAt(0), true);
    String close = end.group("close");
    close(close.isEmpty() ? ' ' : close.charAt(0), end.end(), true);
  }

  /** Goes on after the end of a tag: past all space, past a line break, or as it is. */
  private void close(char sign, int end, boolean trims) {
    at = end;
    if (sign == '-') {
      Matcher blank = BLANK.matcher(source).region(at, source.length());
      at = blank.lookingAt() ? blank.end() : at;
    } else if (trims && sign != '+' && at < source.length() && source.charAt(at) == '\n') {
      at++;
    }
    lineStarts = source.charAt(at - 1) == '\n';
  }

  private void expression(String end, boolean block) {
    Deque<Character> open = new ArrayDeque<>();
    while (at < source.length()) {
      char sign = source.charAt(at);
      boolean signed = sign == '-' || (block && sign == '+');
      if (open.isEmpty() && source.startsWith(end, at + (signed ? 1 : 0))) {
        add(block ? Kind.BLOCK_END : Kind.PRINT_END, "");
        close(signed ? sign : ' ', at + 2 + (signed ? 1 : 0), block);
        return;
      }
      if (!matched(BLANK, null)
          && !matched(FLOAT, Kind.FLOAT)
          && !matched(INTEGER, Kind.INTEGER)
          && !matched(NAME, Kind.NAME)
          && !string()) {
        operator(open);
      }
    }
    throw TemplateError.broken("a tag is not closed");
  }

  private boolean matched(Pattern pattern, Kind kind) {
    // The float's look behind must see what comes before.
    Matcher matcher =
        pattern.matcher(source).region(at, source.length()).useTransparentBounds(true);
    if (!matcher.lookingAt()) {
      return false;
    }
    if (kind != null) {
      add(kind, matcher.group());
    }
    at = matcher.end();
    return true;
  }

  private boolean string() {
    char quote = source.charAt(at);
    if (quote != '\'' && quote != '"') {
      return false;
    }
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw TemplateError.broken("a string is not closed in line " + line());
    }
    add(Kind.STRING, Escapes.read(source.substring(at + 1, end)));
    at = end + 1;
    return true;
  }

  private void operator(Deque<Character> open) {
    Matcher matcher = OPERATOR.matcher(source).region(at, source.length());
    if (!matcher.lookingAt()) {
      throw TemplateError.broken(
          "'" + source.substring(at, at + 1) + "' in line " + line() + " is not understood");
    }
    String operator = matcher.group();
    switch (operator) {
      case "(", "[", "{" ->
          open.push(operator.equals("(") ? ')' : operator.equals("[") ? ']' : '}');
      case ")", "]", "}" -> {
        if (open.isEmpty() || open.pop() != operator.charAt(0)) {
          throw TemplateError.broken("unexpected '" + operator + "' in line " + line());
        }
      }
      default -> {}
    }
    add(Kind.OPERATOR, operator);
    at = matcher.end();
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line()));
  }

  private int line() {
    for (; counted < at; counted++) {
      line += source.charAt(counted) == '\n' ? 1 : 0;
    }
    return line;
  }
}
