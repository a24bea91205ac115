package phiquant.engine.onnx.writer.npu;

import ai.onnx.proto.OnnxMl.GraphProto;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.IntStream;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.OperatorNames;
import phiquant.engine.onnx.writer.graph.ElementType;
import phiquant.engine.onnx.writer.graph.Graph;
import phiquant.engine.onnx.writer.graph.Value;
import phiquant.engine.onnx.writer.network.Embedding;
import phiquant.engine.onnx.writer.network.ExcludedOperators;
import phiquant.engine.onnx.writer.options.OnnxOptions;
import phiquant.engine.onnx.writer.weights.Branches;
import phiquant.engine.onnx.writer.weights.Constants;
import phiquant.engine.onnx.writer.weights.ExternalData;
import phiquant.engine.onnx.writer.weights.Inputs;
import phiquant.engine.onnx.writer.weights.MatMuls;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.engine.onnx.writer.weights.WeightProducts;
import phiquant.model.Network;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Place;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.FloatType;
import phiquant.study.Findings;
import phiquant.study.InputSquares;

/**
 * A network as five graphs that GenAI runs one after the other: {@code embedding} on the CPU, then
 * {@code prompt} or {@code token} on the NPU, {@code cache} on the CPU and {@code head} on the NPU.
 * Those for the NPU have fixed sizes; of a large model prompt and token are several graphs each.
 * Each constant is there once: prompt and token are one graph in two sizes. What the embedding
 * needs lies in a file of its own, which is all that is left of the constants when the others are
 * compiled; a head that is tied to it lies there too.
 */
public final class NpuGraphs {
  /** Tokens of a run. */
  static final String TOKENS = "tokens";

  /** Tokens that have room in the cache, and those of a run. */
  static final String SEEN = "seen";

  /** Those of a run, times the heads that share keys. */
  static final String GROUPED = "grouped";

  public static final String EMBEDDED = "embedded";
  public static final String COS = "cos";
  public static final String SIN = "sin";
  public static final String MASK = "mask";

  /** Where in the cache a run's first token goes. */
  public static final String START = "start";

  /** How many of a run's tokens are not padding. */
  public static final String COUNT = "count";

  /** After the last layer. */
  public static final String STREAM = "stream";

  /** The stream of the last token. */
  public static final String LAST = "last";

  /**
   * Bytes of weights and cache that one session of a chip holds. Addresses have 32 bits there, and
   * the rest is for what is between operators. ONNX Runtime's own bound for the memory of a QNN
   * process domain, beyond which a model is to be split (pull request 20930 of
   * microsoft/onnxruntime).
   */
  private static final long LIMIT = 3_500_000_000L;

  /**
   * What a binary has for 100 bytes of weights: not all are laid out alike in its two graphs. That
   * of 8 layers of Phi-3.5-mini's shape has 644 MB for 510 (onnxruntime-qnn 2.7.0, X Elite).
   */
  private static final int COMPILED = 127;

  /** The embedding's data. */
  public static final String TABLE = "embedding.onnx.data";

  private final Graph embedding = new Graph("embedding");
  private final Graph cache = new Graph("cache");
  private final Graph head = new Graph("head");
  private final ExternalData table = new ExternalData(2, TABLE);
  private final Constants constants = new Constants(head, Graph.DATA);
  private final PhiModel model;
  private final PhiConfig config;
  private final OnnxOptions options;
  private final InputSquares.Found squares;
  private final List<MatMuls> products = new ArrayList<>();
  private final Held held;
  private final int prompt;
  private final int context;
  private final LayerParts parts;
  private final LayerGraphs layers;

  /**
   * In as many parts as were asked for, or else in as few as sessions hold.
   *
   * @param padding the token that a prompt is filled up with
   * @throws UserError (usage) if the NPU has no operators for the model
   */
  public static NpuGraphs of(PhiModel model, OnnxOptions options, Findings findings, int padding) {
    OptionalInt asked = options.sizes().orElseThrow().parts();
    int most = model.config().layers();
    if (asked.orElse(1) > most) {
      throw UserError.usage(
          "onnx: parts=%d, but this model has %d layers.".formatted(asked.getAsInt(), most));
    }
    NpuGraphs graphs = new NpuGraphs(model, options, findings, padding, asked.orElse(1));
    while (asked.isEmpty() && graphs.largest() > LIMIT && graphs.parts.count() < most) {
      graphs = new NpuGraphs(model, options, findings, padding, graphs.parts.count() + 1);
    }
    return graphs;
  }

  private NpuGraphs(
      PhiModel model, OnnxOptions options, Findings findings, int padding, int parts) {
    this.model = model;
    this.config = model.config();
    this.options = options;
    this.squares = InputSquares.found(options.squares(), findings);
    this.prompt = options.sizes().orElseThrow().prompt();
    this.context = options.sizes().orElseThrow().context(config);
    if (config.experts().isPresent() || config.small().isPresent()) {
      throw UserError.usage(
          "onnx: device=npu is not written for mixtures of experts and Phi-3-small; device=cpu is.");
    }
    if (options.shared().orElse(false) && !config.tiedHead()) {
      throw UserError.usage(
          "onnx: shared_embeddings=true, but this model's head is not tied to its embedding.");
    }
    refuseRowsOfBrokenBlocks();
    refuseBiasesOfCodes();
    this.held =
        options
            .activations()
            .map(asked -> Held.asCodes(findings.of(asked.values()), asked.cacheBits(), config))
            .orElseGet(Held::asFloats);
    Network network = model.network();
    this.parts = new LayerParts(config.layers(), parts);
    this.layers =
        new LayerGraphs(this.parts, network, constants, this::matMuls, this::attention, held);
    embedding(padding, head(network));
    new CacheGraph(cache, config, context, held).build();
    refuseUnknownOperators();
  }

  /** By the names of their files, without the ending. */
  public Map<String, GraphProto> graphs() {
    Map<String, GraphProto> graphs = new LinkedHashMap<>();
    graphs.putAll(layers.sized("prompt", sizes(prompt)));
    graphs.putAll(layers.sized("token", sizes(1)));
    graphs.put("head", head.build(Map.of(TOKENS, 1)));
    graphs.put("embedding", embedding.build());
    graphs.put("cache", cache.build());
    return graphs;
  }

  private Map<String, Integer> sizes(int tokens) {
    int group = config.heads() / config.kvHeads();
    return Map.of(TOKENS, tokens, SEEN, context + tokens, GROUPED, group * tokens);
  }

  /** How the layers are shared out. */
  public LayerParts parts() {
    return parts;
  }

  /** What a user should know, a sentence each: what the NPU has to hold at once. */
  public List<String> notes() {
    List<String> notes = new ArrayList<>();
    notes.add(
        "The NPU holds %.0f MB of weights and %.0f MB of keys and values of %d tokens%s."
            .formatted(
                constants.data().size() / 1e6,
                cacheBytes(config.layers()) / 1e6,
                context,
                parts.count() == 1
                    ? ""
                    : ", in %d parts of up to %.0f MB".formatted(parts.count(), largest() / 1e6)));
    if (EntryGraph.isLong(config, context)) {
      notes.add(
          "Longrope's long factors are for texts of any length here, because context=%d is above the original %d."
              .formatted(context, config.originalContextLength()));
    }
    if (largest() > LIMIT) {
      notes.add(
          "That is near the 4 GB that an address of 32 bits reaches: more parts= take less each, a"
              + " smaller context= takes less, and so do activations=static,cache_bits=8.");
    }
    return notes;
  }

  /** Bytes of binary and cache of the part that has most. */
  private long largest() {
    return IntStream.range(0, parts.count())
        .mapToLong(
            part ->
                layers.weights(part) * COMPILED / 100
                    + cacheBytes(parts.first(part + 1) - parts.first(part)))
        .max()
        .orElseThrow();
  }

  private long cacheBytes(int layers) {
    return held.cache().bytes(2L * layers * config.kvHeads() * config.headSize() * context);
  }

  /** All constants; the first file's data. */
  public Constants constants() {
    return constants;
  }

  /** The embedding's data, {@link #TABLE}. */
  public ExternalData table() {
    return table;
  }

  private FixedAttention attention(Graph graph) {
    return held.isCodes()
        ? new CodedAttention(graph, config, context, held)
        : new StaticAttention(graph, config, context);
  }

  /** From the last token's stream to its logits; what is multiplied with, the embedding may be. */
  private WeightProducts.Stored head(Network network) {
    Place place = Place.of(Role.HEAD);
    Constants own = config.tiedHead() ? constants.of(head).in(table) : constants.of(head);
    MatMuls matMuls = matMuls(own);
    WeightProducts.Stored stored = matMuls.store(place, network.head().matrix());
    StaticFlow flow =
        new StaticFlow(
            head,
            own,
            matMuls,
            config.layers(),
            () -> null,
            x -> logits(network, matMuls, x, stored),
            held);
    network.logits(flow.given(layers.last(), LAST, config.hidden()), flow);
    return stored;
  }

  private Value logits(Network network, MatMuls matMuls, Value x, WeightProducts.Stored weight) {
    Place place = Place.of(Role.HEAD);
    Optional<StoredTensor> bias = network.head().bias();
    if (held.isCodes()) {
      Value product = matMuls.of(place, x, weight, OperatorNames.HEAD + "/MatMul/product");
      return head.output(
          held.round(head, product, held.grid("logits"), "logits_quantized", "logits"));
    }
    if (bias.isEmpty()) {
      return head.output(matMuls.of(place, x, weight, "logits"));
    }
    Value product = matMuls.of(place, x, weight, OperatorNames.HEAD + "/MatMul/product");
    return head.output(matMuls.add(place, product, bias.get(), "logits"));
  }

  private void embedding(int padding, WeightProducts.Stored weight) {
    Constants own = constants.of(embedding).in(table);
    EntryGraph entry = new EntryGraph(embedding, own, config, context, padding, held);
    Value tokens = entry.build();
    Precision precision =
        options.embedding().orElse(0) == 0
            ? new Precision.Plain(FloatType.FLOAT16)
            : new Precision.Blocks(
                options.precisions(model).format(options.embedding().orElseThrow()));
    boolean shared =
        config.tiedHead()
            && options.shared().orElse(true)
            && (options.embedding().isEmpty()
                || precision.equals(options.precisions(model).of(Place.of(Role.HEAD))))
            && !options.excluded().contains(Embedding.OPERATOR);
    if (!shared && options.shared().orElse(false)) {
      throw UserError.usage(
          "onnx: shared_embeddings=true, but the embedding is stored otherwise than the head, by"
              + " embedding= or nodes_to_exclude=; leave one out.");
    }
    if (shared) {
      parts(weight).forEach(constant -> embedding.shared(head, constant));
    }
    boolean halves = !shared && precision instanceof Precision.Plain;
    ElementType type = halves ? ElementType.FLOAT16 : held.type();
    Embedding rows = new Embedding(embedding, own, model, type, false);
    Value embedded = shared ? rows.shared(tokens, weight) : rows.own(tokens, precision);
    entry.give(
        embedding.op("Cast", "/model/embedded/Cast").in(embedded).with("to", held.type().number()),
        EMBEDDED,
        stream(config.hidden()),
        () -> held.grid(EMBEDDED));
  }

  private static List<Value> parts(WeightProducts.Stored weight) {
    if (weight.rows() != null) {
      return List.of(weight.rows().codes(), weight.rows().scales());
    }
    return weight.blocks() == null
        ? List.of(weight.floats())
        : List.of(weight.blocks().codes(), weight.blocks().scales());
  }

  private void refuseRowsOfBrokenBlocks() {
    for (Weight weight : model.weights()) {
      boolean product = weight.isMatrix() && weight.role() != Role.EMBEDDING;
      if (product
          && options.precisions(model).of(weight.place()) instanceof Precision.Blocks blocks
          && weight.tensor().columns() % blocks.format().block() != 0) {
        throw UserError.usage(
            "onnx: device=npu needs rows that are whole blocks; %s has rows of %d, and block_size is %d."
                .formatted(weight.name(), weight.tensor().columns(), blocks.format().block()));
      }
    }
  }

  private void refuseBiasesOfCodes() {
    if (options.activations().isPresent() && model.weights().stream().anyMatch(Weight::bias)) {
      throw UserError.usage(
          "onnx: device=npu,activations=static is not written for models with biases, as this one.");
    }
  }

  private void refuseUnknownOperators() {
    Set<String> operators = new LinkedHashSet<>();
    products.forEach(each -> operators.addAll(each.names()));
    ExcludedOperators.refuseUnknown(options.excluded(), operators);
  }

  private MatMuls matMuls(Constants own) {
    MatMuls matMuls =
        new MatMuls(
            own.graph(),
            own,
            options.precisions(model),
            Inputs.AS_THEY_ARE,
            squares,
            new Branches(own.graph(), List.of()));
    products.add(matMuls);
    return matMuls;
  }

  static List<String> stream(long width) {
    return Value.dims(1, TOKENS, width);
  }

  static List<String> mask() {
    return Value.dims(1, 1, TOKENS, SEEN);
  }

  static List<String> cache(PhiConfig config, int context) {
    return Value.dims(1, config.kvHeads(), context, config.headSize());
  }

  public static String past(int layer, String what) {
    return "past_key_values.%d.%s".formatted(layer, what);
  }

  public static String present(int layer, String what) {
    return "present.%d.%s".formatted(layer, what);
  }

  /** Of the tokens of a run alone. */
  public static String fresh(int layer, String what) {
    return "fresh.%d.%s".formatted(layer, what);
  }
}
