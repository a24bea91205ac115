package phiquant.engine.onnx.writer.network;

import java.util.List;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.engine.onnx.writer.weights.WeightProducts;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;

/**
 * Looks tokens up in the embedding: a table of floats, blocks of codes, or the head's own constants
 * where the head is tied to it and both are stored once.
 *
 * @param standard whether there are only ONNX's own operators to do it with
 */
public record Embedding(
    Graph graph, Constants constants, PhiModel model, ElementType type, boolean standard) {
  private static final String PATH = OperatorNames.EMBEDDING;

  /** Its operator, as the builder's {@code nodes_to_exclude} names it. */
  public static final String OPERATOR = PATH + "/Gather";

  /**
   * With constants of its own.
   *
   * @param tokens i64 of shape [batch, sequence]
   * @return shape [batch, sequence, hidden]
   */
  public Value own(Value tokens, Precision precision) {
    var table = model.weight(Role.EMBEDDING, -1).tensor();
    String name = "model.embed_tokens.weight";
    return switch (precision) {
      case Precision.Plain plain ->
          gather(constants.plain(name, table, false, plain.type()), tokens);
      case Precision.Blocks blocks ->
          gather(constants.blocks(name, table, blocks.format(), List.of()), tokens);
      case Precision.Turned turned ->
          gather(constants.blocks(name, table, turned.format(), List.of()), tokens);
      case Precision.Rows unused -> gather(constants.rows(name, table), tokens);
    };
  }

  /** With the head's: floats that are turned when the engine loads the model, blocks, or rows. */
  public Value shared(Value tokens, WeightProducts.Stored head) {
    if (head.rows() != null) {
      return gather(head.rows(), tokens);
    }
    if (head.blocks() != null) {
      return gather(head.blocks(), tokens);
    }
    PhiConfig config = model.config();
    Value turned =
        graph
            .op("Transpose", PATH + "/Transpose")
            .in(head.floats())
            .with("perm", List.of(1L, 0L))
            .out(type, Value.dims(config.vocabulary(), config.hidden()));
    return gather(turned, tokens);
  }

  private Value gather(Value table, Value tokens) {
    return graph
        .op("Gather", OPERATOR)
        .in(table, tokens)
        .out(type, embedded(model.config().hidden()));
  }

  /** Bytes of the tokens' rows, times their scales. */
  private Value gather(Constants.Rows table, Value tokens) {
    List<String> embedded = embedded(model.config().hidden());
    Value codes =
        graph.op("Gather", OPERATOR).in(table.codes(), tokens).out(ElementType.INT8, embedded);
    Value numbers =
        graph.op("Cast", PATH + "/Cast").in(codes).with("to", type.number()).out(type, embedded);
    Value found =
        graph
            .op("Gather", PATH + "/scale/Gather")
            .in(table.scales(), tokens)
            .out(type, tokens.shape());
    Value scales =
        graph
            .op("Unsqueeze", PATH + "/scale/Unsqueeze")
            .in(found, graph.i64s(-1))
            .out(type, embedded(1));
    return graph.op("Mul", PATH + "/Mul").in(numbers, scales).out(type, embedded);
  }

  private Value gather(Constants.Blocks table, Value tokens) {
    int hidden = model.config().hidden();
    int rows = model.config().vocabulary();
    int bytes = table.format().codeBytes(hidden);
    int padded = table.format().blocks(hidden) * table.format().block();
    Value found =
        standard
            ? new BlockLookup(graph, type).of(table, tokens, hidden)
            : gather(table, tokens, rows, bytes, padded);
    return padded == hidden
        ? found
        : graph
            .op("Slice", PATH + "/Slice")
            .in(found, graph.i64s(0), graph.i64s(hidden), graph.i64s(-1))
            .out(type, embedded(hidden));
  }

  private Value gather(Constants.Blocks table, Value tokens, int rows, int bytes, int padded) {
    Value flat =
        graph
            .op("Reshape", PATH + "/Reshape")
            .in(table.codes(), graph.i64s(rows, bytes))
            .out(ElementType.UINT8, Value.dims(rows, bytes));
    Op op =
        graph
            .op(Graph.MICROSOFT, "GatherBlockQuantized", PATH + "/GatherBlockQuantized")
            .in(flat, tokens, table.scales());
    if (table.zeroPoints() != null) {
      op.in(table.zeroPoints());
    }
    return op.with("bits", table.format().bits())
        .with("block_size", table.format().block())
        .with("gather_axis", 0)
        .with("quantize_axis", 1)
        .out(type, embedded(padded));
  }

  private static List<String> embedded(int width) {
    return Value.dims("batch_size", "sequence_length", width);
  }
}
