package phiquant.target.onnx;

import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.quant.FloatType;

/**
 * Phi-3 as a graph for ONNX Runtime GenAI. Inputs: input_ids [batch, sequence], attention_mask
 * [batch, past and new tokens], the cache. Outputs: logits [batch, sequence, vocabulary], the cache
 * with the new tokens. Source: transformers' {@code modeling_phi3.py}; inputs, outputs and
 * operators have the names that GenAI's model builder gives them.
 */
final class PhiGraph {
  private final Graph graph = new Graph("main_graph");
  private final Constants constants = new Constants(graph);
  private final PhiModel model;
  private final PhiConfig config;
  private final OnnxOptions options;
  private final FloatType type;

  PhiGraph(PhiModel model, OnnxOptions options) {
    this.model = model;
    this.config = model.config();
    this.options = options;
    this.type = options.type();
    build();
  }

  Graph graph() {
    return graph;
  }

  Constants constants() {
    return constants;
  }

  private void build() {
    ElementType element = ElementType.of(type);
    Value tokens =
        graph.input("input_ids", ElementType.INT64, Value.dims("batch_size", "sequence_length"));
    Value mask =
        graph.input(
            "attention_mask", ElementType.INT64, Value.dims("batch_size", "total_sequence_length"));
    Cache cache = new Cache(graph, config, config.kvHeads(), element);
    Lengths lengths = Lengths.of(graph, mask);
    Rotary rotary = Rotary.of(graph, constants, config, type, lengths);
    MatMuls matMuls = new MatMuls(graph, constants, options::precision);
    Attention attention = new FusedAttention(graph, matMuls, config, cache, lengths, rotary);
    FeedForward feedForward = new FeedForward(graph, matMuls);
    Norms norms = new Norms(graph, constants, type, (float) config.rmsEpsilon());

    Value embedded = new Embedding(graph, constants, model, type).of(tokens, config.tiedHead());
    Norms.Step step = norms.first(embedded, tensor(Role.ATTENTION_NORM, 0));
    for (int i = 0; i < config.layers(); i++) {
      String layer = "layers." + i;
      Value attended = attention.of(i, step.normal(), tensor(Role.QKV, i));
      Value projected =
          matMuls.of(
              "/model/" + layer + "/attn/o_proj/MatMul",
              attended,
              tensor(Role.ATTENTION_OUTPUT, i));
      step =
          norms.add(
              layer + "/post_attention_layernorm",
              step.sum(),
              projected,
              tensor(Role.FEED_FORWARD_NORM, i));
      Value fed = feedForward.of(i, step.normal(), tensor(Role.GATE_UP, i), tensor(Role.DOWN, i));
      step = i + 1 < config.layers() ? next(norms, i + 1, step, fed) : last(norms, step, fed);
    }
    StoredTensor head = tensor(config.tiedHead() ? Role.EMBEDDING : Role.HEAD, -1);
    graph.output(matMuls.of("/lm_head/MatMul", step.normal(), head, "logits"));
  }

  private Norms.Step next(Norms norms, int layer, Norms.Step step, Value fed) {
    return norms.add(
        "layers." + layer + "/input_layernorm",
        step.sum(),
        fed,
        tensor(Role.ATTENTION_NORM, layer));
  }

  private Norms.Step last(Norms norms, Norms.Step step, Value fed) {
    String place = "layers." + config.layers() + "/final_norm_layernorm";
    return new Norms.Step(
        norms.last(
            place, step.sum(), fed, tensor(Role.OUTPUT_NORM, -1), "/model/" + place + "/output_0"),
        null);
  }

  private StoredTensor tensor(Role role, int layer) {
    return model.weight(role, layer).tensor();
  }
}
