package phiquant.engine.onnx.writer.genai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.PythonJson;
import phiquant.engine.onnx.writer.npu.LayerParts;
import phiquant.engine.onnx.writer.options.ExecutionProvider;
import phiquant.engine.onnx.writer.options.Format;
import phiquant.engine.onnx.writer.options.OnnxOptions;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;

/**
 * {@code genai_config.json}: what ONNX Runtime GenAI needs to know beside the graph (its names, the
 * shape of the cache, end tokens, provider options and how to search by default).
 */
public final class GenAiConfig {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  /** Tokens of the longest text on a phone, unless its application says otherwise. */
  private static final int MOBILE_LENGTH = 4096;

  private GenAiConfig() {}

  public static byte[] of(PhiModel model, OnnxOptions options) {
    return of(model, options, new LayerParts(model.config().layers(), 1));
  }

  /** The same of layers that may be several graphs. */
  public static byte[] of(PhiModel model, OnnxOptions options, LayerParts parts) {
    PhiConfig config = model.config();
    Checkpoint checkpoint = model.checkpoint();
    Optional<ObjectNode> generation = json(checkpoint, "generation_config.json");
    JsonNode facts = checkpoint.config();
    ObjectNode root = NODES.objectNode();
    ObjectNode top = root.putObject("model");
    Set<Integer> ends = ends(checkpoint);
    top.put("bos_token_id", first(generation, facts, "bos_token_id").orElse(1));
    Optional<Integer> fixed = options.sizes().map(sizes -> sizes.context(config));
    top.put("context_length", fixed.orElse(config.contextLength()));
    ObjectNode decoder = decoder(config, options);
    options.sizes().ifPresent(sizes -> PipelineDecoder.make(decoder, config, sizes, parts));
    top.set("decoder", decoder);
    putEnds(top, ends);
    top.put("pad_token_id", fixed.isPresent() ? promptPadding(checkpoint) : padding(checkpoint));
    // GenAI's own kinds: phi3 for every Phi3ForCausalLM, Phi-4 and Phi-4-mini included.
    top.put("type", fixed.isPresent() ? "decoder-pipeline" : model.architecture().modelType());
    if (model.vision().isPresent()) {
      PictureSections.put(top);
    }
    top.put("vocab_size", config.vocabulary());
    SectionTokens.put(checkpoint, top);
    root.set("search", search(config, options, generation));
    return PythonJson.bytes(root, 4, true);
  }

  /** The token that fills a prompt up to a piece of fixed size. */
  public static int promptPadding(Checkpoint checkpoint) {
    return PromptPadding.of(checkpoint, padding(checkpoint), ends(checkpoint));
  }

  /** The token that fills up what is too short. */
  private static int padding(Checkpoint checkpoint) {
    return first(json(checkpoint, "generation_config.json"), checkpoint.config(), "pad_token_id")
        .orElse(ends(checkpoint).stream().findFirst().orElse(0));
  }

  private static ObjectNode decoder(PhiConfig config, OnnxOptions options) {
    ObjectNode decoder = NODES.objectNode();
    ObjectNode session = decoder.putObject("session_options");
    session.put("log_id", "onnxruntime-genai");
    if (options.activations().isPresent() || options.qdq()) {
      // ONNX Runtime takes dequantization and product together, and would round to int8 otherwise.
      String level = options.qdq() ? Integer.toString(options.accuracyLevel()) : "1";
      session.put("session.qdq_matmulnbits_accuracy_level", level);
    }
    provider(session.putArray("provider_options"), options.device());
    decoder.put("filename", options.layout().graph());
    decoder.put("head_size", config.headSize());
    decoder.put("hidden_size", config.hidden());
    ObjectNode inputs = decoder.putObject("inputs");
    String first = options.noEmbedding() ? "inputs_embeds" : "input_ids";
    inputs.put(first, first).put("attention_mask", "attention_mask");
    if (options.needsPositions()) {
      inputs.put("position_ids", "position_ids");
    }
    inputs.put("past_key_names", "past_key_values.%d.key");
    inputs.put("past_value_names", "past_key_values.%d.value");
    ObjectNode outputs = decoder.putObject("outputs");
    if (!options.noHead()) {
      outputs.put("logits", "logits");
    }
    outputs.put("present_key_names", "present.%d.key");
    outputs.put("present_value_names", "present.%d.value");
    decoder.put("num_attention_heads", config.heads());
    decoder.put("num_hidden_layers", config.layers());
    decoder.put("num_key_value_heads", options.repeatsKeys() ? config.heads() : config.kvHeads());
    return decoder;
  }

  /**
   * What the builder gives to each provider; the CPU is always there and needs nothing. Graphs for
   * an NPU run on the CPU too, until they are compiled.
   */
  private static void provider(ArrayNode providers, ExecutionProvider device) {
    switch (device) {
      case CPU, NPU -> {}
      case CUDA -> providers.addObject().putObject("cuda").put("enable_cuda_graph", "0");
      case DML -> providers.addObject().putObject("dml").put("enable_graph_capture", "1");
      case WEBGPU ->
          providers
              .addObject()
              .putObject("webgpu")
              .put("enableGraphCapture", "0")
              .put("validationMode", "basic");
    }
  }

  /** GenAI's defaults, with what the checkpoint itself recommends. */
  private static ObjectNode search(
      PhiConfig config, OnnxOptions options, Optional<ObjectNode> generation) {
    ObjectNode search = NODES.objectNode();
    search.put("diversity_penalty", 0.0);
    search.put("do_sample", false);
    search.put("early_stopping", true);
    search.put("length_penalty", 1.0);
    search.put("max_length", longest(config, options));
    search.put("min_length", 0);
    search.put("no_repeat_ngram_size", 0);
    search.put("num_beams", 1);
    search.put("num_return_sequences", 1);
    search.put("past_present_share_buffer", !options.repeatsKeys());
    search.put("repetition_penalty", 1.0);
    search.put("temperature", 1.0);
    search.put("top_k", 50);
    search.put("top_p", 1.0);
    generation.ifPresent(
        stated -> {
          for (String key : new String[] {"do_sample", "temperature", "top_k", "top_p"}) {
            if (stated.hasNonNull(key)) {
              search.set(key, stated.get(key));
            }
          }
        });
    return search;
  }

  /** GenAI allocates the cache for the longest text at once, which a phone has no memory for. */
  private static int longest(PhiConfig config, OnnxOptions options) {
    if (options.sizes().isPresent()) {
      return options.sizes().get().context(config);
    }
    return options.format() == Format.MOBILE
        ? Math.min(MOBILE_LENGTH, config.contextLength())
        : config.contextLength();
  }

  /** All tokens that end an answer: generation_config.json's, or else config.json's. */
  private static Set<Integer> ends(Checkpoint checkpoint) {
    Set<Integer> ends = new LinkedHashSet<>();
    JsonNode stated =
        json(checkpoint, "generation_config.json")
            .map(json -> json.path("eos_token_id"))
            .filter(ids -> ids.isInt() || ids.isArray())
            .orElse(checkpoint.config().path("eos_token_id"));
    if (stated.isInt()) {
      ends.add(stated.intValue());
    }
    stated.forEach(id -> ends.add(id.asInt()));
    return ends;
  }

  private static void putEnds(ObjectNode model, Set<Integer> ends) {
    if (ends.size() == 1) {
      model.put("eos_token_id", ends.iterator().next());
    } else {
      ArrayNode list = model.putArray("eos_token_id");
      ends.forEach(list::add);
    }
  }

  private static Optional<Integer> first(
      Optional<ObjectNode> generation, JsonNode config, String key) {
    return generation
        .map(json -> json.path(key))
        .filter(JsonNode::isInt)
        .or(() -> Optional.of(config.path(key)))
        .filter(JsonNode::isInt)
        .map(JsonNode::intValue);
  }

  private static Optional<ObjectNode> json(Checkpoint checkpoint, String file) {
    return checkpoint.file(file).map(bytes -> Json.object(bytes, checkpoint.path() + "/" + file));
  }
}
