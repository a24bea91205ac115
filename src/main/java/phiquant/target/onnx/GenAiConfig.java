package phiquant.target.onnx;

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
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;

/**
 * {@code genai_config.json}: what ONNX Runtime GenAI needs to know beside the graph (its names, the
 * shape of the cache, end tokens, provider options and how to search by default).
 */
final class GenAiConfig {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private GenAiConfig() {}

  static byte[] of(PhiModel model, OnnxOptions options) {
    PhiConfig config = model.config();
    Checkpoint checkpoint = model.checkpoint();
    Optional<ObjectNode> generation = json(checkpoint, "generation_config.json");
    JsonNode facts = checkpoint.config();
    ObjectNode root = NODES.objectNode();
    ObjectNode top = root.putObject("model");
    Set<Integer> ends = ends(checkpoint);
    top.put("bos_token_id", first(generation, facts, "bos_token_id").orElse(1));
    top.put("context_length", config.contextLength());
    top.set("decoder", decoder(config, options));
    putEnds(top, ends);
    top.put(
        "pad_token_id",
        first(generation, facts, "pad_token_id").orElse(ends.stream().findFirst().orElse(0)));
    // GenAI's own kind for every Phi3ForCausalLM, Phi-4 and Phi-4-mini included.
    top.put("type", "phi3");
    top.put("vocab_size", config.vocabulary());
    root.set("search", search(config, generation));
    return PythonJson.bytes(root, 4, true);
  }

  private static ObjectNode decoder(PhiConfig config, OnnxOptions options) {
    ObjectNode decoder = NODES.objectNode();
    ObjectNode session = decoder.putObject("session_options");
    session.put("log_id", "onnxruntime-genai");
    session.putArray("provider_options");
    decoder.put("filename", "model.onnx");
    decoder.put("head_size", config.headSize());
    decoder.put("hidden_size", config.hidden());
    decoder
        .putObject("inputs")
        .put("input_ids", "input_ids")
        .put("attention_mask", "attention_mask")
        .put("past_key_names", "past_key_values.%d.key")
        .put("past_value_names", "past_key_values.%d.value");
    decoder
        .putObject("outputs")
        .put("logits", "logits")
        .put("present_key_names", "present.%d.key")
        .put("present_value_names", "present.%d.value");
    decoder.put("num_attention_heads", config.heads());
    decoder.put("num_hidden_layers", config.layers());
    decoder.put("num_key_value_heads", config.kvHeads());
    return decoder;
  }

  /** GenAI's defaults, with what the checkpoint itself recommends. */
  private static ObjectNode search(PhiConfig config, Optional<ObjectNode> generation) {
    ObjectNode search = NODES.objectNode();
    search.put("diversity_penalty", 0.0);
    search.put("do_sample", false);
    search.put("early_stopping", true);
    search.put("length_penalty", 1.0);
    search.put("max_length", config.contextLength());
    search.put("min_length", 0);
    search.put("no_repeat_ngram_size", 0);
    search.put("num_beams", 1);
    search.put("num_return_sequences", 1);
    search.put("past_present_share_buffer", true);
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
