package phiquant.engine.openvino.writer;

import java.util.List;
import java.util.Map;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Weight;
import phiquant.model.vision.Tower;
import phiquant.model.vision.Vision;

/**
 * What sees as two OpenVINO graphs, as optimum-intel exports them and OpenVINO GenAI calls them: a
 * tower from tiles to the features of their patches, a projector from neighbours' features to rows
 * for the language model. Between the two the engine lays tiles out as one picture itself.
 */
final class SightFlow extends IrFlow {
  private static final int COLORS = 3;

  private final Ir graph = graph();
  private final Ops ops = ops();
  private final int heads;
  private final int headSize;

  private SightFlow(Tower tower, WeightStorage weights) {
    super(weights);
    this.heads = tower.config().heads();
    this.headSize = tower.config().headSize();
  }

  /**
   * The tower: pixel_values, [tiles, 3, side, side], to last_hidden_state, [tiles, patches,
   * features].
   */
  static SightFlow tower(Vision vision, WeightStorage weights) {
    SightFlow flow = new SightFlow(vision.tower(), weights);
    Features all = vision.tower().of(flow.pixels(vision.tower()), flow);
    flow.graph.scope("patches/");
    Out patches = flow.ops.slice(all.whole(), 1, vision.tower().tokens(), 1);
    flow.graph.result("last_hidden_state", patches);
    return flow;
  }

  /**
   * The projector: input, [batch, tokens, four features' width], to last_hidden_state, [batch,
   * tokens, hidden].
   */
  static SightFlow projector(Vision vision, WeightStorage weights) {
    SightFlow flow = new SightFlow(vision.tower(), weights);
    Out input = flow.graph.parameter("input", Type.F32, "?,?," + vision.up().matrix().columns());
    flow.graph.result("last_hidden_state", vision.project(new Features(input), flow).whole());
    return flow;
  }

  /** Each patch's pixels as one row, and a row of zeros before them. */
  private Features pixels(Tower tower) {
    int side = (int) Math.round(Math.sqrt(tower.tokens() - 1));
    int patch = (int) Math.round(Math.sqrt(tower.patchSize() / (double) COLORS));
    String shape = "?," + COLORS + "," + side * patch + "," + side * patch;
    Out tiles = graph.parameter("pixel_values", Type.F32, shape);
    graph.scope("pixels/");
    Out cut = ops.reshape(tiles, true, 0, COLORS, side, patch, side, patch);
    Out rows = ops.reshape(ops.transpose(cut, 0, 2, 4, 1, 3, 5), true, 0, -1, tower.patchSize());
    return new Features(
        graph.op(
            "Pad",
            "opset1",
            Map.of("pad_mode", "constant"),
            Type.F32,
            rows,
            graph.i64s(0, 1, 0),
            graph.i64s(0, 0, 0),
            graph.f32("", 0f)));
  }

  /** All rows: as many as there are tokens. */
  @Override
  public Features embed(Weight table) {
    return new Features(matrix(table));
  }

  /** All see all, and nothing is remembered. */
  @Override
  public Features attend(Attention attention, Features qkv, int layer) {
    List<Out> parts = qkv.parts().stream().map(this::apart).toList();
    Out attended =
        graph.op(
            "ScaledDotProductAttention",
            "opset13",
            Map.of("causal", "false"),
            Type.F32,
            parts.get(0),
            parts.get(1),
            parts.get(2),
            graph.f32("", 0f),
            graph.f32("", (float) attention.scale(headSize)));
    Out beside = ops.transpose(attended, 0, 2, 1, 3);
    return new Features(ops.reshape(beside, true, 0, 0, (long) heads * headSize));
  }

  /** From [tiles, tokens, heads · size] to [tiles, heads, tokens, size]. */
  private Out apart(Out x) {
    return ops.transpose(ops.reshape(x, true, 0, 0, heads, headSize), 0, 2, 1, 3);
  }

  @Override
  public Features gate(Mlp mlp, Features gateUp) {
    throw ofTexts("a gate");
  }

  @Override
  public Features experts(Experts experts, Features x, Features scores) {
    throw ofTexts("experts");
  }

  @Override
  public Features head(Linear head, Features x) {
    throw ofTexts("a head");
  }

  private static IllegalStateException ofTexts(String what) {
    return new IllegalStateException("what sees has no " + what.replaceFirst("^a ", ""));
  }
}
