package phiquant.trust;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Changes an OpenVINO IR's XML by its structure: one attribute, one element, or what surrounds all.
 */
record IrMutator() implements Mutator {
  static final String FILE = "openvino_model.xml";

  private static final Pattern ATTRIBUTE = Pattern.compile("([\\w-]+)=\"([^\"]*)\"");
  private static final Pattern CONSTANT =
      Pattern.compile("<data element_type[^>]*>|<layer [^>]*Const[^>]*>");
  private static final Pattern LAYER = Pattern.compile("(?s)<layer .*?</layer>");
  private static final Pattern EDGE = Pattern.compile("<edge [^>]*>");

  private static final List<String> TYPES =
      List.of(
          "u1", "u2", "u4", "i4", "u8", "i8", "f16", "bf16", "f32", "f64", "i64", "nf4", "f4e2m1",
          "f8e4m3", "f8e8m0", "boolean", "string", "");

  @Override
  public void mutate(Input input, Dice dice) {
    byte[] bytes = input.files.get(FILE);
    if (bytes != null) {
      String text = change(new String(bytes, StandardCharsets.UTF_8), input, dice);
      input.files.put(FILE, text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static String change(String xml, Input input, Dice dice) {
    List<MatchResult> constants = CONSTANT.matcher(xml).results().toList();
    List<MatchResult> layers = LAYER.matcher(xml).results().toList();
    List<MatchResult> edges = EDGE.matcher(xml).results().toList();
    if (constants.isEmpty() || layers.isEmpty() || edges.isEmpty()) {
      return xml;
    }
    return switch (dice.below(14)) {
      case 0 -> replace(xml, dice.pick(layers), "", "missing", input);
      case 1 -> {
        MatchResult layer = dice.pick(layers);
        yield replace(xml, layer, layer.group() + layer.group(), "twice", input);
      }
      case 2 -> replace(xml, dice.pick(layers), dice.pick(layers).group(), "as another", input);
      case 3 -> replace(xml, dice.pick(edges), "", "missing", input);
      case 4 -> {
        int at = dice.below(xml.length());
        input.changed("the XML ends after %d letters", at);
        yield xml.substring(0, at);
      }
      case 5 -> {
        input.changed("there is a document type");
        yield xml.replaceFirst("<net", "<!DOCTYPE net [<!ENTITY x \"y\">]><net");
      }
      case 6 -> {
        int depth = dice.of(10, 1000, 100_000);
        input.changed("%d elements stand in each other", depth);
        yield xml.replaceFirst(
            "</layers>", "</layers>" + "<a>".repeat(depth) + "</a>".repeat(depth));
      }
      case 7 -> attribute(xml, dice.pick(edges), input, dice);
      default -> attribute(xml, dice.pick(constants), input, dice);
    };
  }

  private static String replace(String xml, MatchResult place, String by, String how, Input input) {
    input.changed("%s: %s", how, place.group());
    return xml.substring(0, place.start()) + by + xml.substring(place.end());
  }

  private static String attribute(String xml, MatchResult element, Input input, Dice dice) {
    List<MatchResult> all = ATTRIBUTE.matcher(element.group()).results().toList();
    MatchResult attribute = dice.pick(all);
    String value = value(attribute.group(1), attribute.group(2), dice);
    input.changed("%s of %s is '%s'", attribute.group(1), element.group(), value);
    int at = element.start() + attribute.start(2);
    return xml.substring(0, at) + escaped(value) + xml.substring(at + attribute.group(2).length());
  }

  private static String value(String key, String before, Dice dice) {
    if (dice.oneIn(8)) {
      return dice.text();
    }
    if (key.equals("element_type")) {
      return dice.pick(TYPES);
    }
    if (key.equals("shape")) {
      String[] parts = before.split(",\\s*");
      int at = dice.below(parts.length);
      parts[at] =
          parts[at].matches("\\d{1,18}")
              ? Long.toString(dice.edge(Long.parseLong(parts[at])))
              : dice.of("1", "?", "-1");
      return String.join(", ", parts);
    }
    return before.matches("\\d{1,18}")
        ? Long.toString(dice.edge(Long.parseLong(before)))
        : dice.text();
  }

  /** As XML has them; what it cannot have stays, and is no XML. */
  private static String escaped(String value) {
    return value.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
