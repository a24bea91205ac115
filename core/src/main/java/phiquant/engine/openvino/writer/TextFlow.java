package phiquant.engine.openvino.writer;

import java.util.List;
import java.util.Map;
import phiquant.checkpoint.derived.Piled;
import phiquant.engine.openvino.IrNames;
import phiquant.engine.openvino.ir.Ir;
import phiquant.engine.openvino.ir.Ir.Out;
import phiquant.engine.openvino.ir.Type;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.Weight;

/**
 * A language model as a stateful OpenVINO graph. Inputs: input_ids, attention_mask and
 * position_ids, each [batch, sequence] (the mask: [batch, past and new tokens]), and beam_idx,
 * [batch], the order of the cache's rows. Output: logits, [batch, sequence, vocabulary]. Inputs,
 * states and their names are those that optimum-intel exports. Of a model that sees, tokens' rows
 * go in instead, inputs_embeds, [batch, sequence, hidden]: some are a picture's.
 */
final class TextFlow extends IrFlow {
  private final PhiConfig config;
  private final boolean rowsGoIn;
  private final Ir graph = graph();
  private final Ops ops = ops();
  private Weight table;
  private Out embedding;
  private StatefulAttention attention;

  private TextFlow(PhiConfig config, WeightStorage weights, boolean rowsGoIn) {
    super(weights);
    this.config = config;
    this.rowsGoIn = rowsGoIn;
  }

  /** The graph of a network that tokens go into. */
  static TextFlow ofTokens(Network network, PhiConfig config, WeightStorage weights) {
    return of(network, new TextFlow(config, weights, false));
  }

  /** The same of a network that rows go into, whoever made them. */
  static TextFlow ofRows(Network network, PhiConfig config, WeightStorage weights) {
    return of(network, new TextFlow(config, weights, true));
  }

  /** What makes such rows of tokens: input, [batch, sequence], to inputs_embeds. */
  static TextFlow table(Network network, PhiConfig config, WeightStorage weights) {
    TextFlow flow = new TextFlow(config, weights, true);
    Out tokens = flow.graph.parameter("input", Type.I64, "?,?");
    flow.graph.result("inputs_embeds", flow.rows(network.embedding(), tokens));
    return flow;
  }

  private static TextFlow of(Network network, TextFlow flow) {
    network.logits(network.stream(flow), flow);
    return flow;
  }

  /** Declares the inputs, too. */
  @Override
  public Features embed(Weight table) {
    Out tokens = rowsGoIn ? null : graph.parameter("input_ids", Type.I64, "?,?");
    Out mask = graph.parameter("attention_mask", Type.I64, "?,?");
    Out positions = graph.parameter("position_ids", Type.I64, "?,?");
    Out rows =
        rowsGoIn ? graph.parameter("inputs_embeds", Type.F32, "?,?," + config.hidden()) : null;
    Out beams = graph.parameter("beam_idx", Type.I32, "?");

    if (!rowsGoIn) {
      rows = rows(table, tokens);
    }
    Out batch = ops.gather(ops.shapeOf(rowsGoIn ? rows : tokens), graph.i64s(0), graph.i64(0));
    RotaryEmbedding rotary = new RotaryEmbedding(graph, ops, config, positions);
    attention = new StatefulAttention(graph, ops, config, rotary, batch, beams, rows, mask);
    return new Features(rows);
  }

  private Out rows(Weight table, Out tokens) {
    this.table = table;
    embedding = matrix(table);
    return ops.gather(embedding, ops.convert(tokens, Type.I32), graph.i32(0));
  }

  @Override
  public Features attend(Attention attention, Features qkv, int layer) {
    return new Features(this.attention.of(layer, qkv.parts()));
  }

  @Override
  public Features gate(Mlp mlp, Features gateUp) {
    long width = mlp.gateUp().matrix().rows() / 2;
    List<Out> parts =
        graph.split(
            "VariadicSplit",
            "opset1",
            Map.of(),
            2,
            gateUp.whole(),
            graph.i64(-1),
            graph.i64s(width, width));
    return new Features(ops.multiply(parts.get(1), ops.unary("Swish", "opset4", parts.get(0))));
  }

  @Override
  public Features experts(Experts experts, Features x, Features scores) {
    Mixture mixture = new Mixture(graph, ops, config.hidden(), experts.all().size());
    Out gates = piled(experts.gates());
    Out ups = piled(experts.ups());
    Out downs = piled(experts.downs());
    graph.scope("model.layers." + experts.router().layer() + ".block_sparse_moe/");
    Out weights = mixture.weights(experts.mixer(), scores.whole());
    return new Features(mixture.of(x.whole(), gates, ups, downs, weights));
  }

  @Override
  public Features head(Linear head, Features x) {
    Weight weight = head.weights().getFirst();
    Out matrix = weight == table ? embedding : matrix(weight);
    graph.scope("head/");
    Out logits;
    if (head.biases().isEmpty()) {
      logits = ops.namedMatMul("logits", x.whole(), matrix);
    } else {
      Out bias = constants().bias(head.biases().getFirst());
      logits = ops.namedAdd("logits", ops.matMul(x.whole(), matrix, true), bias);
    }
    graph.sink("Result", "opset1", Map.of(), false, logits);
    return new Features(logits);
  }

  private Out piled(Weight experts) {
    Piled tensor = (Piled) experts.tensor();
    Piled named = new Piled(IrNames.piled(tensor.name()), tensor.parts());
    return matrix(new Weight(experts.role(), experts.layer(), named), experts);
  }
}
