package phiquant.report;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;

/**
 * Writes HTML and SVG that is well-formed by construction: what is opened is closed in order, and
 * text and attributes are escaped, so that nothing from a file name or a model's answer becomes
 * markup.
 */
final class Markup {
  private static final Set<String> EMPTY =
      Set.of("meta", "rect", "line", "circle", "polyline", "polygon");

  private final StringBuilder out = new StringBuilder();
  private final Deque<String> open = new ArrayDeque<>();

  /** Opens an element; attributes come as name, value, name, value. */
  Markup open(String tag, String... attributes) {
    out.append('<').append(tag);
    for (int i = 0; i < attributes.length; i += 2) {
      out.append(' ').append(attributes[i]).append("=\"");
      escape(attributes[i + 1]);
      out.append('"');
    }
    out.append('>');
    if (!EMPTY.contains(tag)) {
      open.push(tag);
    } else {
      out.insert(out.length() - 1, '/');
    }
    return this;
  }

  /** Closes the element that was opened last. */
  Markup close() {
    out.append("</").append(open.pop()).append('>');
    if (open.size() < 6) {
      out.append('\n');
    }
    return this;
  }

  /** An element that holds text only. */
  Markup element(String tag, String text, String... attributes) {
    return open(tag, attributes).text(text).close();
  }

  Markup text(String text) {
    escape(text);
    return this;
  }

  /** What is markup already, of our own making: a style sheet. */
  Markup raw(String markup) {
    out.append(markup);
    return this;
  }

  private void escape(String text) {
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '&' -> out.append("&amp;");
                case '"' -> out.append("&quot;");
                default -> {
                  boolean allowed = c >= 32 || c == '\n' || c == '\t';
                  out.appendCodePoint(allowed ? c : 0xFFFD);
                }
              }
            });
  }

  @Override
  public String toString() {
    if (!open.isEmpty()) {
      throw new IllegalStateException(open + " is not closed");
    }
    return out.toString();
  }
}
