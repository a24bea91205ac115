package phiquant.engine.onnx.writer.npu;

import java.util.List;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import phiquant.UserError;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Gate;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Norm;
import phiquant.model.Weight;
import phiquant.quant.FloatType;

/**
 * A network's verbs in operators that compilers for NPUs take: ONNX's own of opset 23, and {@code
 * MatMulNBits}. Everything is 16 bits; nothing depends on how many tokens there are, so one graph
 * serves for prompts and for single tokens.
 */
final class StaticFlow implements Flow<Value> {
  private final Graph graph;
  private final Constants constants;
  private final MatMuls matMuls;
  private final int layers;
  private final Supplier<StaticAttention> attentions;
  private final UnaryOperator<Value> heads;
  private StaticAttention attention;
  private int sums;

  /**
   * Before the first verb.
   *
   * @param layers of the network
   * @param attentions makes attention, with the inputs that it declares, once tokens are embedded
   * @param heads from the last norm to logits
   */
  StaticFlow(
      Graph graph,
      Constants constants,
      MatMuls matMuls,
      int layers,
      Supplier<StaticAttention> attentions,
      UnaryOperator<Value> heads) {
    this.graph = graph;
    this.constants = constants;
    this.matMuls = matMuls;
    this.layers = layers;
    this.attentions = attentions;
    this.heads = heads;
  }

  /** Tokens come in embedded. */
  @Override
  public Value embed(Weight table) {
    Value embedded =
        graph.input(
            NpuGraphs.EMBEDDED, ElementType.FLOAT16, NpuGraphs.stream(table.tensor().columns()));
    attention = attentions.get();
    return embedded;
  }

  @Override
  public Value norm(Norm norm, Value x) {
    String path = matMuls.operators().norm(norm.weight().place(), layers);
    boolean simple = norm.kind() == Norm.Kind.ROOT_MEAN_SQUARE;
    Op op =
        graph
            .op(simple ? "RMSNormalization" : "LayerNormalization", path + "/LayerNorm")
            .in(x, constant(path, norm.weight()));
    norm.bias().ifPresent(bias -> op.in(constant(path, bias)));
    return op.with("epsilon", (float) norm.epsilon()).with("axis", -1).out(x.type(), x.shape());
  }

  private Value constant(String path, Weight weight) {
    String name = path.substring(1).replace('/', '.') + (weight.bias() ? ".bias" : ".weight");
    return constants.plain(name, weight.tensor(), false, FloatType.FLOAT16);
  }

  @Override
  public Value linear(Linear linear, Value x) {
    return matMuls.of(linear.place(), x, linear.matrix(), linear.bias());
  }

  @Override
  public Value attend(Attention attention, Value qkv, int layer) {
    return this.attention.of(attention, qkv, layer);
  }

  @Override
  public Value gate(Mlp mlp, Value gateUp) {
    if (!(mlp.gate() instanceof Gate.SwiGlu)) {
      throw UserError.usage("onnx: device=npu has no gate like this model's; it has SwiGLU.");
    }
    String path = OperatorNames.mlp(mlp.gateUp().layer());
    long width = mlp.gateUp().matrix().rows() / 2;
    Op split =
        graph.op("Split", path + "/Split").in(gateUp).with("axis", -1).with("num_outputs", 2);
    List<String> half = NpuGraphs.stream(width);
    Value gate = split.out(path + "/gate/output_0", gateUp.type(), half);
    Value up = split.out(path + "/up/output_0", gateUp.type(), half);
    Value open = one("Sigmoid", path + "/act_fn/Sigmoid", gate);
    Value silu = one("Mul", path + "/act_fn/Mul", gate, open);
    return one("Mul", path + "/Mul", silu, up);
  }

  @Override
  public Value experts(Experts experts, Value x, Value scores) {
    throw UserError.usage("onnx: device=npu has no mixtures of experts; device=cpu has.");
  }

  @Override
  public Value activate(Activation activation, Value x) {
    return switch (activation) {
      case GELU_TANH ->
          graph
              .op("Gelu", x.name().replaceFirst("/Add/output_0$", "") + "/act_fn/Gelu")
              .in(x)
              .with("approximate", "tanh")
              .out(x.type(), x.shape());
      case GELU, GELU_SIGMOID ->
          throw new IllegalArgumentException(activation + ", which only pictures need");
    };
  }

  @Override
  public Value add(Value stream, Value branch) {
    return one("Add", "/model/sums." + sums++ + "/Add", stream, branch);
  }

  @Override
  public Value head(Linear head, Value x) {
    return heads.apply(x);
  }

  private Value one(String type, String name, Value... inputs) {
    return graph.op(type, name).in(inputs).out(inputs[0].type(), inputs[0].shape());
  }
}
