package phiquant.engine.onnx.writer.network;

import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.lora.LoraFactors;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.attention.Cache;
import phiquant.engine.onnx.writer.attention.FusedAttention;
import phiquant.engine.onnx.writer.attention.Lengths;
import phiquant.engine.onnx.writer.attention.RepeatedAttention;
import phiquant.engine.onnx.writer.attention.RotaryTables;
import phiquant.engine.onnx.writer.attention.SelfAttention;
import phiquant.engine.onnx.writer.attention.SparseLayout;
import phiquant.engine.onnx.writer.attention.SplitAttention;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.options.ExecutionProvider;
import phiquant.engine.onnx.writer.options.OnnxOptions;
import phiquant.engine.onnx.writer.options.StaticActivations;
import phiquant.engine.onnx.writer.weights.Branches;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.Inputs;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.engine.onnx.writer.weights.RoundedInputs;
import phiquant.engine.onnx.writer.weights.WeightProducts;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.FloatType;
import phiquant.study.Findings;
import phiquant.study.InputSquares;

/**
 * A network as a graph for ONNX Runtime GenAI: what it begins and ends with, and which operators a
 * device has for what lies between. Inputs: input_ids [batch, sequence], attention_mask [batch,
 * past and new tokens], the cache, on some devices position_ids [batch, sequence]. Outputs: logits
 * [batch, sequence, vocabulary], the cache with the new tokens. Inputs, outputs and operators have
 * the names that GenAI's model builder gives them.
 */
public final class NetworkGraph {
  private static final List<String> TOKENS = Value.dims("batch_size", "sequence_length");

  private final Graph graph = new Graph("main_graph");
  private final Constants constants;
  private final PhiModel model;
  private final PhiConfig config;
  private final OnnxOptions options;
  private final FloatType type;
  private final Optional<RoundedInputs> rounded;
  private final Branches branches;
  private final MatMuls matMuls;

  public NetworkGraph(
      PhiModel model, OnnxOptions options, Findings findings, List<LoraFactors> adapters) {
    this.model = model;
    this.config = model.config();
    this.options = options;
    this.constants = new Constants(graph, options.layout().beside());
    this.type = options.type();
    this.rounded = options.activations().map(asked -> rounded(asked, findings));
    Inputs inputs = rounded.isPresent() ? rounded.get() : Inputs.AS_THEY_ARE;
    InputSquares.Found squares = InputSquares.found(options.squares(), findings);
    this.branches = new Branches(graph, adapters);
    this.matMuls =
        new MatMuls(graph, constants, options.precisions(model), inputs, squares, branches);
    refuseToShareWhatDiffers();
    config.experts().ifPresent(unused -> ExpertOperator.check(options));
    refuseSparseElsewhere();
    build();
    ExcludedOperators.refuseUnknown(options.excluded(), matMuls.names());
  }

  public Graph graph() {
    return graph;
  }

  public Branches branches() {
    return branches;
  }

  public Constants constants() {
    return constants;
  }

  /** What a user should know, a sentence each. */
  public List<String> notes() {
    return rounded.map(RoundedInputs::summary).stream().toList();
  }

  private RoundedInputs rounded(StaticActivations asked, Findings findings) {
    return new RoundedInputs(graph, findings.of(asked.ranges()), asked.bits());
  }

  private void build() {
    Network network = model.network();
    Norms norms = new Norms(graph, constants, type);
    FeedForward feedForward = new FeedForward(graph, matMuls);
    int experts = config.experts().map(PhiConfig.Mixture::count).orElse(0);
    ExpertOperator mixture =
        new ExpertOperator(graph, constants, matMuls, new Routing(graph, matMuls, experts));
    Ends ends = new Ends(options.noHead() ? null : head(network), network.head().bias());
    GraphFlow flow =
        new GraphFlow(matMuls, norms, feedForward, mixture, config.layers(), ends, this::attention);
    network.logits(network.stream(flow), flow);
  }

  /** Before all else, because the embedding may be the same constant. */
  private WeightProducts.Stored head(Network network) {
    return matMuls.store(Head.PLACE, network.head().matrix());
  }

  /** Tokens or embedded tokens in; logits, hidden states or both out. */
  private final class Ends implements GraphFlow.Ends {
    private final WeightProducts.Stored head;
    private final Optional<StoredTensor> bias;

    Ends(WeightProducts.Stored head, Optional<StoredTensor> bias) {
      this.head = head;
      this.bias = bias;
    }

    @Override
    public Value embed(Weight table) {
      return options.noEmbedding()
          ? graph.input("inputs_embeds", ElementType.of(type), hiddenShape())
          : times(
              NetworkGraph.this.embed(graph.input("input_ids", ElementType.INT64, TOKENS), head));
    }

    @Override
    public String lastNorm(String path) {
      return returnsHidden() ? "hidden_states" : path + "/output_0";
    }

    @Override
    public void head(Value normal) {
      if (returnsHidden()) {
        graph.output(normal);
      }
      if (head != null) {
        new Head(graph, matMuls, bias).of(normal, head, options.pruned());
      }
    }

    private boolean returnsHidden() {
      return options.hidden() || options.noHead();
    }
  }

  /** Times what the network multiplies embedded tokens with, if anything. */
  private Value times(Value embedded) {
    if (config.small().isEmpty()) {
      return embedded;
    }
    String path = OperatorNames.EMBEDDING + "/scale";
    float scale = (float) config.small().get().embeddingScale();
    Value factor = graph.number(path + "/factor", embedded.type(), scale);
    return graph
        .op("Mul", path + "/Mul")
        .in(embedded, factor)
        .out(embedded.type(), embedded.shape());
  }

  private Value embed(Value tokens, WeightProducts.Stored head) {
    boolean standard =
        options.layout().web().isPresent() && options.device() == ExecutionProvider.CPU;
    Embedding embedding = new Embedding(graph, constants, model, ElementType.of(type), standard);
    Precision own = options.embeddingPrecision(model);
    boolean shared =
        config.tiedHead()
            && head != null
            && options.shared().orElse(true)
            && !options.qdq()
            && (options.embedding().isEmpty() || own.equals(matMuls.precisionOf(Head.PLACE)))
            && !options.excluded().contains(Embedding.OPERATOR);
    if (!shared && options.shared().orElse(false)) {
      throw UserError.usage(
          "onnx: shared_embeddings=true, but the embedding is stored otherwise than the head, by"
              + " use_qdq, embedding=, nodes_to_exclude= or exclude_lm_head; leave one out.");
    }
    return shared ? embedding.shared(tokens, head) : embedding.own(tokens, own);
  }

  /** The form that the device has operators for. */
  private SelfAttention attention() {
    Value mask =
        graph.input(
            "attention_mask", ElementType.INT64, Value.dims("batch_size", "total_sequence_length"));
    ElementType element = ElementType.of(type);
    boolean repeated = options.repeatsKeys();
    // A name is the builder's choice. transformers.js 4.3.2 takes every named size but the batch's
    // for 0.
    Object size = options.layout().web().isPresent() ? config.headSize() : "kv_cache_dim";
    Cache cache =
        new Cache(graph, config, repeated ? config.heads() : config.kvHeads(), size, element);
    Lengths lengths = Lengths.of(graph, mask);
    if (!options.needsPositions()) {
      RotaryTables rotary = RotaryTables.of(graph, constants, config, type, lengths);
      Optional<SparseLayout> sparse =
          config.small().map(facts -> SparseLayout.of(graph, lengths, config, facts.sparse()));
      return new FusedAttention(graph, matMuls, config, cache, lengths, rotary, sparse);
    }
    Value positions = graph.input("position_ids", ElementType.INT64, TOKENS);
    if (!repeated) {
      RotaryTables rotary = RotaryTables.concatenated(constants, config, type);
      Value shifted = RotaryTables.shifted(graph, config, positions);
      return new SplitAttention(graph, matMuls, config, cache, lengths, rotary, shifted);
    }
    RotaryTables rotary = RotaryTables.of(graph, constants, config, type, lengths);
    SplitAttention split =
        new SplitAttention(graph, matMuls, config, cache, lengths, rotary, positions);
    Value padding =
        graph
            .op("Cast", "/model/attn_mask_reformat/Cast")
            .in(mask)
            .with("to", ElementType.INT32.number())
            .out(ElementType.INT32, mask.shape());
    return new RepeatedAttention(graph, config, cache, split, padding);
  }

  private void refuseToShareWhatDiffers() {
    if (options.shared().orElse(false) && !config.tiedHead()) {
      throw UserError.usage(
          "onnx: shared_embeddings=true, but this model's head is not tied to its embedding.");
    }
  }

  private void refuseSparseElsewhere() {
    if (config.small().isPresent()
        && (options.device() != ExecutionProvider.CPU || options.needsPositions())) {
      throw UserError.usage(
          "onnx: block-sparse attention, as a Phi-3-small has it, is written for the CPU only.");
    }
    if (config.small().isPresent() && (options.noEmbedding() || rounded.isPresent())) {
      throw UserError.usage("onnx: a Phi-3-small takes neither exclude_embeds nor mobile.");
    }
  }

  private List<String> hiddenShape() {
    return Value.dims("batch_size", "sequence_length", config.hidden());
  }
}
