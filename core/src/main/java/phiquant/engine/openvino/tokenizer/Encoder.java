package phiquant.engine.openvino.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.engine.openvino.tokenizer.TextOps.Pieces;
import phiquant.engine.openvino.tokenizer.TextOps.Ragged;
import phiquant.engine.openvino.tokenizer.TextOps.Rows;
import phiquant.engine.openvino.tokenizer.TextOps.Strings;

/**
 * From texts, shape [batch], to {@code input_ids} and {@code attention_mask}, both [batch,
 * sequence]: the steps of tokenizer.json as a graph. Rows are padded on the left, for what is
 * generated goes on after the last token.
 */
final class Encoder {
  /** OpenVINO Tokenizers' own stand-in for no limit; larger numbers overflow there. */
  private static final int NO_LIMIT = Integer.MAX_VALUE - 64;

  private final Ir graph = new Ir();
  private final TextOps ops = new TextOps(graph);

  private Encoder() {}

  /** The graph for a tokenizer. */
  static Ir graph(TokenizerFacts files, BytePairs bytePairs) {
    Encoder encoder = new Encoder();
    encoder.build(files, bytePairs);
    return encoder.graph;
  }

  private void build(TokenizerFacts files, BytePairs bytePairs) {
    JsonNode json = files.tokenizer();
    Pieces pieces = cutSpecial(whole(ops.unpack(graph.parameter("texts", Type.STRING, "?"))), json);
    pieces = new Normalizer(ops).apply(json.path("normalizer"), pieces);
    pieces = new PreTokenizer(ops).apply(json.path("pre_tokenizer"), pieces);
    Ragged tokens =
        ops.bytePairs(
            pieces,
            ops.strings(bytePairs.encoderTokens()),
            ops.strings(bytePairs.mergeParts(0)),
            ops.strings(bytePairs.mergeParts(1)),
            bytePairs.settings());
    PostProcessor post = PostProcessor.of(json.path("post_processor"));
    int limit = (int) Math.min(files.longestText(), NO_LIMIT) - post.count();
    tokens = post.apply(graph, ops, truncate(tokens, limit));

    Out lengths =
        graph.op(
            "Subtract",
            "opset1",
            Map.of("auto_broadcast", "numpy"),
            Type.I32,
            tokens.rows().ends(),
            tokens.rows().begins());
    Out longest =
        graph.op(
            "ReduceMax", "opset1", Map.of("keep_dims", "false"), Type.I32, lengths, graph.i32(0));
    List<Out> dense = ops.dense(tokens, longest, Math.max(0, files.id("pad").orElse(0)));
    result("input_ids", dense.get(0));
    result("attention_mask", dense.get(1));
  }

  private void result(String name, Out x) {
    Out named =
        graph.named(name, "Convert", "opset1", Map.of("destination_type", "i64"), Type.I64, x);
    graph.sink("Result", "opset1", Map.of(), false, named);
  }

  /** Each text as one piece. */
  private Pieces whole(Strings texts) {
    Out shape =
        graph.op("ShapeOf", "opset3", Map.of("output_type", "i64"), Type.I64, texts.begins());
    Out count =
        graph.op(
            "Gather",
            "opset8",
            Map.of("batch_dims", "0"),
            Type.I64,
            shape,
            graph.i64(0),
            graph.i64(0));
    Out next =
        graph.op("Add", "opset1", Map.of("auto_broadcast", "numpy"), Type.I64, count, graph.i64(1));
    return new Pieces(new Rows(range(0, count), range(1, next)), texts, null);
  }

  private Out range(long first, Out end) {
    return graph.op(
        "Range",
        "opset4",
        Map.of("output_type", "i32"),
        Type.I32,
        graph.i64(first),
        end,
        graph.i64(1));
  }

  /** Tokens that are looked for in the text as it is come first, then the others. */
  private Pieces cutSpecial(Pieces pieces, JsonNode json) {
    boolean changes = json.path("normalizer").isObject();
    for (boolean normalized : new boolean[] {false, true}) {
      List<AddedToken> tokens =
          AddedToken.of(json).stream().filter(token -> token.normalized() == normalized).toList();
      if (!tokens.isEmpty()) {
        if (normalized && changes) {
          throw new Inexpressible(
              "the token '" + tokens.get(0).content() + "', looked for after normalization");
        }
        pieces = ops.cutSpecial(pieces, AddedToken.pattern(tokens));
      }
    }
    return pieces;
  }

  /**
   * Off, unless who uses the tokenizer sets the state {@code truncation}. OpenVINO GenAI looks for
   * these very operators and lets the limit be set too.
   */
  private Ragged truncate(Ragged tokens, int limit) {
    Map<String, String> variable =
        Map.of("variable_id", "truncation", "variable_type", "boolean", "variable_shape", "");
    Out on = graph.op("ReadValue", "opset6", variable, Type.BOOLEAN, graph.bool(false));
    graph.sink("Assign", "opset6", Map.of("variable_id", "truncation"), true, on);
    Out length =
        graph.op(
            "Select",
            "opset1",
            Map.of("auto_broadcast", "numpy"),
            Type.I32,
            on,
            graph.i32(limit),
            graph.i32(NO_LIMIT));
    return ops.truncate(tokens, length);
  }
}
