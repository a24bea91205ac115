package phiquant.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * JSON as Python's {@code json.dumps} writes it, on one line or with {@code indent=N}, to the byte:
 * numbers as {@code repr} has them. Hugging Face's tools and mlx-lm write their files so, and ours
 * should not differ from them where the facts do not.
 */
public final class PythonJson {
  private final StringBuilder out = new StringBuilder();
  private final String indent;
  private final String comma;
  private final boolean ascii;

  private PythonJson(int indent, String comma, boolean ascii) {
    this.indent = " ".repeat(indent);
    this.comma = comma;
    this.ascii = ascii;
  }

  /**
   * The text's bytes.
   *
   * @param indent spaces for each level
   * @param ascii whether everything beyond ASCII is escaped ({@code ensure_ascii})
   */
  public static byte[] bytes(JsonNode node, int indent, boolean ascii) {
    PythonJson json = new PythonJson(indent, ",", ascii);
    json.write(node, "\n");
    return json.out.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** All on one line, with characters beyond ASCII as they are. */
  public static String line(JsonNode node) {
    PythonJson json = new PythonJson(0, ", ", false);
    json.write(node, "");
    return json.out.toString();
  }

  private void write(JsonNode node, String newline) {
    if (node.isObject()) {
      writeObject(node, newline);
    } else if (node.isArray()) {
      writeArray(node, newline);
    } else if (node.isTextual()) {
      writeText(node.textValue());
    } else if (node.isFloatingPointNumber()) {
      out.append(number(node.doubleValue()));
    } else {
      out.append(node.asText());
    }
  }

  private void writeObject(JsonNode node, String newline) {
    if (node.isEmpty()) {
      out.append("{}");
      return;
    }
    String inner = newline + indent;
    String before = "{";
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      out.append(before).append(inner);
      writeText(field.getKey());
      out.append(": ");
      write(field.getValue(), inner);
      before = comma;
    }
    out.append(newline).append('}');
  }

  private void writeArray(JsonNode node, String newline) {
    if (node.isEmpty()) {
      out.append("[]");
      return;
    }
    String inner = newline + indent;
    String before = "[";
    for (JsonNode item : node) {
      out.append(before).append(inner);
      write(item, inner);
      before = comma;
    }
    out.append(newline).append(']');
  }

  private void writeText(String text) {
    out.append('"');
    for (char c : text.toCharArray()) {
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\b' -> out.append("\\b");
        case '\f' -> out.append("\\f");
        default -> out.append(c < 0x20 || (ascii && c > 0x7E) ? "\\u%04x".formatted((int) c) : c);
      }
    }
    out.append('"');
  }

  /** Python's {@code repr}: the fewest digits that read back, an exponent below -4 and from 16. */
  public static String number(double x) {
    if (x == 0) {
      return 1 / x < 0 ? "-0.0" : "0.0";
    }
    // Since JDK 19 this too has the fewest digits; only its layout differs.
    BigDecimal decimal = new BigDecimal(Double.toString(x)).stripTrailingZeros();
    String digits = decimal.unscaledValue().abs().toString();
    int exponent = digits.length() - 1 - decimal.scale();
    String sign = x < 0 ? "-" : "";
    if (exponent < -4 || exponent >= 16) {
      String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
      return "%s%s%se%s%02d"
          .formatted(
              sign, digits.charAt(0), fraction, exponent < 0 ? "-" : "+", Math.abs(exponent));
    }
    String plain = decimal.toPlainString();
    return plain.contains(".") ? plain : plain + ".0";
  }
}
