package phiquant.engine.onnx.writer.npu;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import phiquant.UserError;
import phiquant.engine.onnx.OperatorNames;
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
import phiquant.model.ValueNames;
import phiquant.model.Weight;
import phiquant.study.ActivationRange;

/**
 * A network's verbs in operators that compilers for NPUs take: ONNX's own of opset 23, and {@code
 * MatMulNBits}. Everything has 16 bits, as {@link Held} says; nothing depends on how many tokens
 * there are, so one graph serves for prompts and for single tokens.
 */
final class StaticFlow implements Flow<Value> {
  private final Graph graph;
  private final Constants constants;
  private final MatMuls matMuls;
  private final int layers;
  private final Supplier<FixedAttention> attentions;
  private final UnaryOperator<Value> heads;
  private final Held held;
  private final ValueNames names = new ValueNames(name -> {});
  private final Map<String, String> named = new HashMap<>();
  private FixedAttention attention;
  private int sums;

  /**
   * Before the first verb.
   *
   * @param layers of the network
   * @param attentions makes attention, with the inputs that it declares, once tokens are embedded
   * @param heads from the last norm to logits
   * @param held how values are held
   */
  StaticFlow(
      Graph graph,
      Constants constants,
      MatMuls matMuls,
      int layers,
      Supplier<FixedAttention> attentions,
      UnaryOperator<Value> heads,
      Held held) {
    this.graph = graph;
    this.constants = constants;
    this.matMuls = matMuls;
    this.layers = layers;
    this.attentions = attentions;
    this.heads = heads;
    this.held = held;
  }

  /** What a value is called. */
  String name(Value x) {
    return named.get(x.name());
  }

  /** A value under its name, as it is held. */
  Value held(Value x, String name) {
    Value rounded = held.round(graph, x, name);
    named.put(rounded.name(), name);
    return rounded;
  }

  private Value on(Value x, Grid grid) {
    return held.isCodes() ? held.round(graph, x, grid) : x;
  }

  /** Tokens come in embedded. */
  @Override
  public Value embed(Weight table) {
    return stream(names.embed(table), NpuGraphs.EMBEDDED, table.tensor().columns());
  }

  /** The stream that another graph of layers gives; tokens are embedded there. */
  Value stream(String name, String input, long width) {
    Value given = given(name, input, width);
    attention = attentions.get();
    return given;
  }

  /** An input of the graph that is a stream. */
  Value given(String name, String input, long width) {
    Grid grid = held.isCodes() ? held.grid(name) : null;
    Value given = held.input(graph, input, NpuGraphs.stream(width), grid);
    named.put(given.name(), name);
    return given;
  }

  @Override
  public Value norm(Norm norm, Value x) {
    String path = matMuls.operators().norm(norm.weight().place(), layers);
    boolean simple = norm.kind() == Norm.Kind.ROOT_MEAN_SQUARE;
    Value weight = constant(path, norm.weight());
    Op op =
        graph
            .op(simple ? "RMSNormalization" : "LayerNormalization", path + "/LayerNorm")
            .in(x, weight);
    norm.bias().ifPresent(bias -> op.in(constant(path, bias)));
    Value normal =
        op.with("epsilon", (float) norm.epsilon()).with("axis", -1).out(x.type(), x.shape());
    return held(normal, names.norm(norm, name(x)));
  }

  private Value constant(String path, Weight weight) {
    String name = path.substring(1).replace('/', '.') + (weight.bias() ? ".bias" : ".weight");
    Value constant = constants.plain(name, weight.tensor(), false, held.floats());
    return held.round(graph, constant, ValueNames.constant(weight));
  }

  @Override
  public Value linear(Linear linear, Value x) {
    Value product = matMuls.of(linear.place(), x, linear.matrix(), linear.bias());
    return held(product, names.linear(linear, name(x)));
  }

  @Override
  public Value attend(Attention attention, Value qkv, int layer) {
    Value attended = this.attention.of(attention, qkv, layer);
    named.put(attended.name(), names.attend(attention, name(qkv), layer));
    return attended;
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
    Grid grid = held.isCodes() ? held.grid(name(gateUp)) : null;
    Value gateHalf = split.out(path + "/gate/output_0", gateUp.type(), half);
    Value upHalf = split.out(path + "/up/output_0", gateUp.type(), half);
    Value gate = on(gateHalf, grid);
    Value up = on(upHalf, grid);
    Value open = on(one("Sigmoid", path + "/act_fn/Sigmoid", gate), Grid.between(0, 1));
    Value silu = one("Mul", path + "/act_fn/Mul", gate, open);
    if (held.isCodes()) {
      // Never below -.28, and below its argument else.
      silu = on(silu, Grid.of(new ActivationRange(-0.28f, held.range(name(gateUp)).max(), 0)));
    }
    return held(one("Mul", path + "/Mul", silu, up), names.gate(mlp, name(gateUp)));
  }

  @Override
  public Value experts(Experts experts, Value x, Value scores) {
    throw UserError.usage("onnx: device=npu has no mixtures of experts; device=cpu has.");
  }

  @Override
  public Value activate(Activation activation, Value x) {
    return switch (activation) {
      case GELU_TANH -> {
        Value y =
            graph
                .op("Gelu", x.name().replaceFirst("/Add/output_0$", "") + "/act_fn/Gelu")
                .in(x)
                .with("approximate", "tanh")
                .out(x.type(), x.shape());
        yield held(y, names.activate(activation, name(x)));
      }
      case GELU, GELU_SIGMOID ->
          throw new IllegalArgumentException(activation + ", which only pictures need");
    };
  }

  @Override
  public Value add(Value stream, Value branch) {
    Value sum = one("Add", "/model/sums." + sums++ + "/Add", stream, branch);
    return held(sum, names.add(name(stream), name(branch)));
  }

  @Override
  public Value head(Linear head, Value x) {
    return heads.apply(x);
  }

  private Value one(String type, String name, Value... inputs) {
    return graph.op(type, name).in(inputs).out(inputs[0].type(), inputs[0].shape());
  }
}
