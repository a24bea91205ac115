package phiquant.engine.onnx.writer.attention;

import java.util.List;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.model.PhiConfig;
import phiquant.quant.FloatType;

/**
 * The tables of rotary embedding as the attention operators take them, shape [positions, rotated
 * size / 2]. They lie beside the model, so that it stays small. With longrope there are two pairs,
 * between which {@link LongRopeChoice} chooses.
 *
 * @param cos cosines
 * @param sin sines
 */
public record RotaryTables(Value cos, Value sin) {
  /** One pair of tables, or an {@code If} between the two pairs of longrope. */
  public static RotaryTables of(
      Graph graph, Constants constants, PhiConfig config, FloatType type, Lengths lengths) {
    return config.longRope().isPresent()
        ? LongRopeChoice.whenRun(graph, constants, config, type, lengths)
        : plain(constants, config, type);
  }

  /** For providers without {@code If}: tables to be read at {@link #shifted} positions. */
  public static RotaryTables concatenated(Constants constants, PhiConfig config, FloatType type) {
    return config.longRope().isPresent()
        ? LongRopeChoice.byPosition(constants, config, type)
        : plain(constants, config, type);
  }

  /** Where tokens are in the concatenated tables. */
  public static Value shifted(Graph graph, PhiConfig config, Value positions) {
    return config.longRope().isPresent()
        ? LongRopeChoice.shifted(graph, config, positions)
        : positions;
  }

  private static RotaryTables plain(Constants constants, PhiConfig config, FloatType type) {
    return table(constants, config, type, "", config.contextLength(), List.of());
  }

  /**
   * One pair.
   *
   * @param suffix of the constants' names
   * @param factors divide the frequencies; empty: all are 1
   */
  public static RotaryTables table(
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
}
