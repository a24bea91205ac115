package phiquant.engine.openvino.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.tokenizer.TextOps.Ragged;
import phiquant.engine.openvino.tokenizer.TextOps.Rows;

/**
 * Tokens that go before and after those of the text, such as one that says where it begins.
 *
 * @param template the {@code TemplateProcessing} step; missing if nothing is added
 */
record PostProcessor(JsonNode template) {
  /** That of tokenizer.json's {@code post_processor}. */
  static PostProcessor of(JsonNode step) {
    return switch (step.path("type").asText("none")) {
      // A byte-level step only moves offsets.
      case "none", "ByteLevel" -> new PostProcessor(MissingNode.getInstance());
      case "TemplateProcessing" -> new PostProcessor(step);
      case "Sequence" -> {
        PostProcessor only = of(MissingNode.getInstance());
        for (JsonNode inner : step.path("processors")) {
          PostProcessor next = of(inner);
          if (!only.template().isMissingNode() && !next.template().isMissingNode()) {
            throw new Inexpressible("several post-processors that add tokens");
          }
          only = next.template().isMissingNode() ? only : next;
        }
        yield only;
      }
      default -> throw new Inexpressible("a post-processor " + step.path("type").asText());
    };
  }

  /** How many tokens it adds. */
  int count() {
    int count = 0;
    for (JsonNode piece : template.path("single")) {
      count += ids(piece).length;
    }
    return count;
  }

  /** The text's tokens with those that are added. */
  Ragged apply(Ir graph, TextOps ops, Ragged text) {
    List<Ragged> segments = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    for (JsonNode piece : template.path("single")) {
      if (piece.has("Sequence")) {
        segments.add(text);
      } else {
        int[] ids = ids(piece);
        Rows whole = new Rows(graph.i32(0), graph.i32(ids.length));
        segments.add(new Ragged(whole, graph.i32s(ids)));
      }
      types.add(piece.elements().next().path("type_id").asInt());
    }
    if (segments.isEmpty()) {
      segments.add(text);
      types.add(0);
    }
    return ops.combine(segments, types.stream().mapToInt(Integer::intValue).toArray());
  }

  private int[] ids(JsonNode piece) {
    String name = piece.path("SpecialToken").path("id").asText();
    List<Integer> ids = new ArrayList<>();
    template.path("special_tokens").path(name).path("ids").forEach(id -> ids.add(id.asInt()));
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }
}
