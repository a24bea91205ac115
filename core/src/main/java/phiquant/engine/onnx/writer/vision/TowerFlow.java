package phiquant.engine.onnx.writer.vision;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.TowerNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.engine.onnx.writer.weights.WeightProducts;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Norm;
import phiquant.model.Weight;
import phiquant.model.vision.Tower;
import phiquant.quant.FloatType;

/**
 * A tower's verbs, and a projector's, as ONNX operators; what can be fused, ONNX Runtime fuses when
 * it loads them. What flows is a tensor, or three that stand beside each other where the checkpoint
 * keeps queries, keys and values apart, as the operator for attention takes them.
 */
final class TowerFlow implements Flow<List<Value>> {
  private final Graph graph;
  private final Constants constants;
  private final WeightProducts products;
  private final Tower tower;
  private final FloatType type;
  private final Precision precision;
  private int sums;

  /**
   * Before the first verb.
   *
   * @param precision of its matrices, but of the one that takes pixels: that stays floats
   */
  TowerFlow(
      Graph graph,
      Constants constants,
      WeightProducts products,
      Tower tower,
      FloatType type,
      Precision precision) {
    this.graph = graph;
    this.constants = constants;
    this.products = products;
    this.tower = tower;
    this.type = type;
    this.precision = precision;
  }

  /** The positions, the same for every tile. */
  @Override
  public List<Value> embed(Weight table) {
    return List.of(constants.plain(table.name(), table.tensor(), false, type));
  }

  @Override
  public List<Value> norm(Norm norm, List<Value> x) {
    Op op =
        graph
            .op("LayerNormalization", TowerNames.operator(norm.weight().name(), "LayerNorm"))
            .in(x.getFirst(), plain(norm.weight()));
    norm.bias().ifPresent(bias -> op.in(plain(bias)));
    return List.of(
        op.with("epsilon", (float) norm.epsilon())
            .with("axis", -1)
            .out(x.getFirst().type(), x.getFirst().shape()));
  }

  private Value plain(Weight weight) {
    return constants.plain(weight.name(), weight.tensor(), false, type);
  }

  @Override
  public List<Value> linear(Linear linear, List<Value> x) {
    List<Value> made = new ArrayList<>();
    for (int i = 0; i < linear.weights().size(); i++) {
      Optional<StoredTensor> bias =
          linear.biases().isEmpty()
              ? Optional.empty()
              : Optional.of(linear.biases().get(i).tensor());
      made.add(product(linear.weights().get(i), bias, x.getFirst()));
    }
    return made;
  }

  private Value product(Weight weight, Optional<StoredTensor> bias, Value x) {
    String name = TowerNames.operator(weight.name(), "MatMul");
    boolean pixels = weight.name().equals(tower.patches().weights().getFirst().name());
    Precision stored = pixels ? new Precision.Plain(type) : precision;
    WeightProducts.Stored matrix =
        products.store(name, weight.name(), weight.tensor(), stored, List.of());
    Value product = products.of(name, x, matrix, name + "/output_0");
    String add = TowerNames.operator(weight.name(), "Add");
    return bias.map(
            vector -> products.add(add, vector.name(), product, vector, type, add + "/output_0"))
        .orElse(product);
  }

  /** Of as many tiles as come together; each sees itself only. */
  @Override
  public List<Value> attend(Attention attention, List<Value> qkv, int layer) {
    Value query = qkv.getFirst();
    String name = query.name().replaceFirst("/q_proj/Add/output_0$", "/MultiHeadAttention");
    int heads = tower.config().heads();
    return List.of(
        graph
            .op(Graph.MICROSOFT, "MultiHeadAttention", name)
            .in(qkv.toArray(Value[]::new))
            .with("num_heads", heads)
            .with("scale", (float) attention.scale(tower.config().headSize()))
            .out(query.type(), query.shape()));
  }

  @Override
  public List<Value> activate(Activation activation, List<Value> x) {
    Value value = x.getFirst();
    String path = value.name().replaceFirst("/Add/output_0$", "/act_fn");
    Op op =
        switch (activation) {
          case GELU_SIGMOID ->
              graph
                  .op(Graph.MICROSOFT, "QuickGelu", path + "/QuickGelu")
                  .in(value)
                  .with("alpha", 1.702f);
          case GELU -> graph.op("Gelu", path + "/Gelu").in(value).with("approximate", "none");
          case GELU_TANH -> graph.op("Gelu", path + "/Gelu").in(value).with("approximate", "tanh");
        };
    return List.of(op.out(value.type(), value.shape()));
  }

  @Override
  public List<Value> add(List<Value> stream, List<Value> branch) {
    Value x = branch.getFirst();
    return List.of(
        graph
            .op("Add", TowerNames.ROOT + "/sums." + sums++ + "/Add")
            .in(stream.getFirst(), x)
            .out(x.type(), x.shape()));
  }

  @Override
  public List<Value> gate(Mlp mlp, List<Value> gateUp) {
    throw ofTexts();
  }

  @Override
  public List<Value> experts(Experts experts, List<Value> x, List<Value> scores) {
    throw ofTexts();
  }

  @Override
  public List<Value> head(Linear head, List<Value> x) {
    throw ofTexts();
  }

  private static IllegalArgumentException ofTexts() {
    return new IllegalArgumentException("a verb that only texts need");
  }
}
