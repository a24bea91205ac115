package phiquant.engine.openvino.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import phiquant.checkpoint.vocabulary.ByteAlphabet;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.engine.openvino.tokenizer.TextOps.Pieces;
import phiquant.engine.openvino.tokenizer.TextOps.Rows;
import phiquant.engine.openvino.tokenizer.TextOps.Strings;

/**
 * From tokens, shape [batch, sequence], to texts, shape [batch]. What tokenizer.json's decoder does
 * with each token is done here once with the whole vocabulary, so that only what concerns the
 * joined text is left to the engine; tools that read the vocabulary then see the bytes that each
 * token really stands for.
 */
final class Decoder {
  private final Ir graph = new Ir();
  private final TextOps ops = new TextOps(graph);
  private final List<byte[]> tokens;
  private final List<JsonNode> onTheWhole = new ArrayList<>();

  private Decoder(JsonNode decoder, BytePairs bytePairs) {
    List<JsonNode> each = new ArrayList<>();
    boolean joined = false;
    for (JsonNode step : steps(decoder)) {
      boolean joins = step.path("type").asText().equals("Fuse");
      if (!joins) {
        (joined ? onTheWhole : each).add(step);
      }
      joined |= joins;
    }
    tokens = new ArrayList<>();
    for (String token : bytePairs.tokens()) {
      tokens.add(token == null ? new byte[0] : decode(token, each));
    }
    bytePairs.added().forEach(token -> tokens.set(token.id(), token.content().getBytes(UTF_8)));
  }

  /** The graph for a tokenizer. */
  static Ir graph(JsonNode tokenizer, BytePairs bytePairs) {
    Decoder decoder = new Decoder(tokenizer.path("decoder"), bytePairs);
    int[] special =
        bytePairs.added().stream()
            .filter(AddedToken::special)
            .mapToInt(AddedToken::id)
            .sorted()
            .toArray();
    decoder.build(special);
    return decoder.graph;
  }

  private void build(int[] special) {
    Out ids = graph.parameter("tokens", Type.I64, "?,?");
    Out narrow = graph.op("Convert", "opset1", Map.of("destination_type", "i32"), Type.I32, ids);
    Pieces pieces = ops.decode(narrow, ops.strings(tokens), special);
    // Before any pattern looks at it, for half a character is no text to a pattern.
    Strings text = ops.validate(ops.join(pieces));
    Rows none = new Rows(null, null);
    for (JsonNode step : onTheWhole) {
      Pieces whole = new Pieces(none, text, null);
      text = ops.replace(whole, pattern(step), replacement(step)).strings();
    }
    graph.sink("Result", "opset1", Map.of(), false, ops.pack("string_output", text));
  }

  private static Iterable<JsonNode> steps(JsonNode decoder) {
    return switch (decoder.path("type").asText("none")) {
      case "none" -> List.of();
      case "Sequence" -> decoder.path("decoders");
      default -> List.of(decoder);
    };
  }

  private static byte[] decode(String token, List<JsonNode> steps) {
    for (JsonNode step : steps) {
      switch (step.path("type").asText()) {
        case "Replace" -> token = token.replace(literal(step), step.path("content").asText());
        case "ByteLevel" -> {
          return last(step, steps, ByteAlphabet.decode(token));
        }
        case "ByteFallback" -> {
          int value = BytePairs.byteToken(token);
          if (value >= 0) {
            return last(step, steps, new byte[] {(byte) value});
          }
        }
        default -> throw new Inexpressible("a decoder " + step.path("type").asText());
      }
    }
    return token.getBytes(UTF_8);
  }

  /** A byte is no text, so nothing can be done to it afterwards. */
  private static byte[] last(JsonNode step, List<JsonNode> steps, byte[] bytes) {
    if (steps.get(steps.size() - 1) != step) {
      throw new Inexpressible("a decoder that goes on after " + step.path("type").asText());
    }
    return bytes;
  }

  private static String literal(JsonNode step) {
    JsonNode text = step.path("pattern").path("String");
    if (!text.isTextual()) {
      throw new Inexpressible("a decoder that replaces by a pattern");
    }
    return text.asText();
  }

  private static String pattern(JsonNode step) {
    return switch (step.path("type").asText()) {
      case "Replace" -> Regex.quote(literal(step));
      case "Strip" -> {
        String content = "(?:" + Regex.quote(step.path("content").asText()) + ")";
        yield "\\A%s{0,%d}|%s{0,%d}\\z"
            .formatted(content, step.path("start").asInt(), content, step.path("stop").asInt());
      }
      default -> throw new Inexpressible("a decoder " + step.path("type").asText());
    };
  }

  private static String replacement(JsonNode step) {
    return step.path("type").asText().equals("Replace")
        ? Regex.replacement(step.path("content").asText())
        : "";
  }
}
