package phiquant.engine.onnx.writer.attention;

import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.model.PhiConfig;
import phiquant.model.PhiConfig.LongRope;
import phiquant.quant.FloatType;

/**
 * Where longrope's factors are chosen (Ding et al. 2024, arXiv:2402.13753): one pair of tables for
 * texts within the original context, one for longer ones, and the graph chooses between them each
 * time it runs. The forms are those of GenAI's model builder.
 */
final class LongRopeChoice {
  private LongRopeChoice() {}

  /** An {@code If} that gives one pair or the other. */
  static RotaryTables whenRun(
      Graph graph, Constants constants, PhiConfig config, FloatType type, Lengths lengths) {
    LongRope rope = config.longRope().orElseThrow();
    int original = config.originalContextLength();
    RotaryTables large =
        RotaryTables.table(
            constants, config, type, "_large", config.contextLength(), rope.longFactors());
    RotaryTables small =
        RotaryTables.table(constants, config, type, "_small", original, rope.shortFactors());
    String path = "/model/rope_caches_subgraph";
    Value beyond =
        graph
            .op("Greater", path + "/Greater")
            .in(lengths.total64(), graph.i64(original))
            .out(ElementType.BOOL, Value.dims());
    Op choice =
        graph
            .op("If", path + "/If")
            .in(beyond)
            .with("then_branch", branch("large", large).build())
            .with("else_branch", branch("small", small).build());
    List<String> shape = Value.dims("max_sequence_length", config.rotarySize() / 2);
    return new RotaryTables(
        choice.out("cos_cache", ElementType.of(type), shape),
        choice.out("sin_cache", ElementType.of(type), shape));
  }

  /** The short tables with the long ones below them. */
  static RotaryTables byPosition(Constants constants, PhiConfig config, FloatType type) {
    return new RotaryTables(
        constants.plain("cos_cache", both("cos_cache", true, config), false, type),
        constants.plain("sin_cache", both("sin_cache", false, config), false, type));
  }

  private static StoredTensor both(String name, boolean cosine, PhiConfig config) {
    LongRope rope = config.longRope().orElseThrow();
    int original = config.originalContextLength();
    return new Below(
        RotaryCache.of(name, cosine, original, config, rope.shortFactors()),
        RotaryCache.of(name, cosine, config.contextLength(), config, rope.longFactors()));
  }

  /** Where tokens are in the concatenated tables: beyond the short ones in a long text. */
  static Value shifted(Graph graph, PhiConfig config, Value positions) {
    String path = "/model/pos_ids_reformat";
    Value original = graph.i64(config.originalContextLength());
    Value last =
        graph
            .op("ReduceMax", path + "/ReduceMax")
            .in(positions)
            .with("keepdims", 0)
            .out(ElementType.INT64, Value.dims());
    Value beyond =
        graph
            .op("GreaterOrEqual", path + "/GreaterOrEqual")
            .in(last, original)
            .out(ElementType.BOOL, Value.dims());
    Value one =
        graph
            .op("Cast", path + "/Cast")
            .in(beyond)
            .with("to", ElementType.INT64.number())
            .out(ElementType.INT64, Value.dims());
    Value shift =
        graph.op("Mul", path + "/Mul").in(one, original).out(ElementType.INT64, Value.dims());
    return graph
        .op("Add", path + "/Add_1")
        .in(shift, positions)
        .out(ElementType.INT64, positions.shape());
  }

  private static Graph branch(String size, RotaryTables tables) {
    Graph branch = new Graph(size + "_rope_caches_graph");
    for (Value table : List.of(tables.cos(), tables.sin())) {
      branch.output(
          branch
              .op("Identity", "/" + size + "/" + table.name() + "/Identity")
              .in(table)
              .out(table.type(), table.shape()));
    }
    return branch;
  }
}
