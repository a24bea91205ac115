package phiquant.engine.onnx.writer;

import java.util.List;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiConfig;
import phiquant.model.PhiConfig.LongRope;
import phiquant.quant.FloatType;

/**
 * The tables of rotary embedding as the attention operators take them, shape [positions, rotated
 * size / 2]. Longrope (Ding et al. 2024, arXiv:2402.13753) has two pairs of tables: one for texts
 * within the original context, one for longer ones. They lie beside the model, so that it stays
 * small, and the graph chooses between them each time it runs.
 *
 * @param cos cosines
 * @param sin sines
 */
record RotaryTables(Value cos, Value sin) {
  /** One pair of tables, or an {@code If} between the two pairs of longrope. */
  static RotaryTables of(
      Graph graph, Constants constants, PhiConfig config, FloatType type, Lengths lengths) {
    if (config.longRope().isEmpty()) {
      return table(constants, config, type, "", config.contextLength(), List.of());
    }
    LongRope rope = config.longRope().get();
    int original = config.originalContextLength();
    RotaryTables large =
        table(constants, config, type, "_large", config.contextLength(), rope.longFactors());
    RotaryTables small = table(constants, config, type, "_small", original, rope.shortFactors());
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

  /**
   * For providers without {@code If}: the short tables with the long ones below them, to be read at
   * {@link #shifted} positions.
   */
  static RotaryTables concatenated(Constants constants, PhiConfig config, FloatType type) {
    if (config.longRope().isEmpty()) {
      return table(constants, config, type, "", config.contextLength(), List.of());
    }
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
    if (config.longRope().isEmpty()) {
      return positions;
    }
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

  private static RotaryTables table(
      Constants constants,
      PhiConfig config,
      FloatType type,
      String suffix,
      int positions,
      List<Double> factors) {
    return new RotaryTables(
        cache(constants, "cos_cache" + suffix, true, config, type, positions, factors),
        cache(constants, "sin_cache" + suffix, false, config, type, positions, factors));
  }

  private static Value cache(
      Constants constants,
      String name,
      boolean cosine,
      PhiConfig config,
      FloatType type,
      int positions,
      List<Double> factors) {
    return constants.plain(
        name, RotaryCache.of(name, cosine, positions, config, factors), false, type);
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
