package phiquant.engine.onnx.writer.network;

import java.util.ArrayList;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Interleaved;
import phiquant.checkpoint.derived.Piled;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Op;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.options.ExecutionProvider;
import phiquant.engine.onnx.writer.options.OnnxOptions;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.model.Experts;
import phiquant.model.Mlp;
import phiquant.model.SparseMixer;
import phiquant.quant.matmulnbits.NBitsFormat;

/**
 * All experts of a layer as one operator of ONNX Runtime, which computes those that a token takes:
 * {@code MoE} with floats, {@code QMoE} with codes in blocks. Both get the weights that {@link
 * Routing} makes. {@code QMoE} takes them as they are; {@code MoE} takes scores, whose softmax over
 * the chosen it can be told to use, so that it gets the weights' logarithms, and what it gives is
 * multiplied with their sum. Source: ContribOperators.md of ONNX Runtime 1.32.
 */
record ExpertOperator(Graph graph, Constants constants, MatMuls matMuls, Routing routing) {
  /**
   * Refuses what the engine has no operators for, or none that could be tried.
   *
   * @throws UserError (usage) naming what is possible
   */
  static void check(OnnxOptions options) {
    if (options.qdq() || options.activations().isPresent()) {
      throw UserError.usage(
          "onnx: use_qdq and activations=static are models of ONNX's own operators, which have no"
              + " experts; leave them out.");
    }
    boolean blocks = options.format().bits() > 0;
    List<ExecutionProvider> devices =
        blocks
            ? List.of(ExecutionProvider.CPU)
            : List.of(ExecutionProvider.CPU, ExecutionProvider.CUDA);
    if (!devices.contains(options.device())) {
      throw UserError.usage(
          "onnx: a mixture of experts is written for device=cpu, and as fp16, bf16 or fp32 for"
              + " device=cuda; not as %s for device=%s."
                  .formatted(options.format().label(), options.device().label()));
    }
  }

  /**
   * The sum of the chosen experts' outputs times their weights.
   *
   * @param x shape [batch, sequence, hidden]
   * @param weights f32 of shape [batch, sequence, experts]
   */
  Value of(Experts experts, Value x, Value weights) {
    int layer = experts.router().layer();
    List<StoredTensor> gateUps = experts.all().stream().map(ExpertOperator::gateUp).toList();
    Piled inner = new Piled(gateUps.getFirst().name(), gateUps);
    StoredTensor outer = experts.downs().tensor();
    return switch (matMuls.precisionOfExperts(layer)) {
      case Precision.Plain plain -> floats(layer, plain, inner, outer, x, weights);
      case Precision.Blocks blocks -> codes(layer, blocks.format(), inner, outer, x, weights);
      default -> throw new IllegalStateException("experts are plain or in blocks");
    };
  }

  /**
   * Gate and up, a row of each in turn: {@code swiglu_fusion} 1. Under the gate's name, for both
   * are multiplied with the same inputs.
   */
  private static StoredTensor gateUp(Mlp expert) {
    return new Interleaved(
        expert.gateUp().weights().getFirst().name(),
        expert.gateUp().weights().stream().map(weight -> weight.tensor()).toList());
  }

  private Value floats(
      int layer,
      Precision.Plain precision,
      StoredTensor inner,
      StoredTensor outer,
      Value x,
      Value weights) {
    String path = OperatorNames.experts(layer);
    Value logarithms =
        graph.op("Log", path + "/Log").in(weights).out(weights.type(), weights.shape());
    Value scores = routing.cast(path + "/scores/Cast", flat(path, logarithms), x.type());
    Value sum =
        graph
            .op("ReduceSum", path + "/ReduceSum")
            .in(weights, graph.i64s(-1))
            .with("keepdims", 1)
            .out(weights.type(), Value.dims(weights.shape().get(0), weights.shape().get(1), 1));
    Value mean =
        attributes(graph.op(Graph.MICROSOFT, "MoE", OperatorNames.mixture(layer)), 1)
            .in(x, scores)
            .in(constants.plain(name(path, "gate_up"), inner, false, precision.type()), null)
            .in(constants.plain(name(path, "down"), outer, false, precision.type()))
            .out(x.type(), x.shape());
    return graph
        .op("Mul", path + "/Mul")
        .in(mean, routing.cast(path + "/sum/Cast", sum, x.type()))
        .out(x.type(), x.shape());
  }

  private Value codes(
      int layer,
      NBitsFormat format,
      StoredTensor inner,
      StoredTensor outer,
      Value x,
      Value weights) {
    String path = OperatorNames.experts(layer);
    for (StoredTensor matrix : List.of(inner, outer)) {
      if (matrix.columns() % format.block() != 0) {
        throw UserError.usage(
            "onnx: experts need rows that are whole blocks; layer %d has rows of %d, and block_size"
                    .formatted(layer, matrix.columns())
                + " is %d.".formatted(format.block()));
      }
    }
    Constants.Blocks one =
        constants.blocks(name(path, "gate_up"), inner, format, matMuls.squares().of(inner));
    Constants.Blocks two =
        constants.blocks(name(path, "down"), outer, format, matMuls.squares().of(outer));
    Value flat = flat(path, weights);
    List<Value> inputs = new ArrayList<>();
    inputs.addAll(List.of(x, flat, one.codes(), one.scales()));
    inputs.add(null);
    inputs.addAll(List.of(two.codes(), two.scales()));
    for (int i = 0; i < 4; i++) {
      inputs.add(null);
    }
    inputs.add(one.zeroPoints());
    inputs.add(two.zeroPoints());
    inputs.add(null);
    inputs.add(flat);
    String name = OperatorNames.mixture(layer) + "_Q" + format.bits();
    Op op = attributes(graph.op(Graph.MICROSOFT, "QMoE", name), 0).in(inputs.toArray(Value[]::new));
    if (matMuls.accuracyLevel() > 0) {
      op.with("accuracy_level", matMuls.accuracyLevel());
    }
    return op.with("expert_weight_bits", format.bits())
        .with("block_size", format.block())
        .out(x.type(), x.shape());
  }

  /** SwiGLU as in {@code silu(gate) · up}; to the operator gate and up are interleaved. */
  private static Op attributes(Op op, int normalize) {
    return op.with("k", SparseMixer.CHOSEN)
        .with("activation_type", "swiglu")
        .with("swiglu_fusion", 1)
        .with("activation_alpha", 1f)
        .with("activation_beta", 0f)
        .with("normalize_routing_weights", normalize);
  }

  /** Tokens of all sequences one after the other. */
  private Value flat(String path, Value weights) {
    int experts = routing.experts();
    return graph
        .op("Reshape", path + "/Reshape")
        .in(weights, graph.i64s(-1, experts))
        .out(weights.type(), Value.dims("tokens", experts));
  }

  private static String name(String path, String matrix) {
    return path.substring(1).replace('/', '.') + ".experts." + matrix + ".weight";
  }
}
