package phiquant.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredFormats;
import phiquant.checkpoint.vocabulary.ChatTemplates;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.SparseMixer;
import phiquant.model.phi.Family;
import phiquant.tokenizer.Tokenizer;

/**
 * What {@code inspect} knows of a checkpoint, as JSON. Works for models that cannot be quantized.
 */
final class Facts {
  private Facts() {}

  static ObjectNode of(Checkpoint checkpoint) {
    ObjectNode facts = new ObjectMapper().createObjectNode();
    facts.put("path", checkpoint.path().toString());
    JsonNode config = checkpoint.config();
    facts.put(
        "architecture",
        config.path("architectures").path(0).asText(config.path("model_type").asText("unknown")));
    List<String> notices = checkpoint.notices();
    try {
      PhiModel model = Family.model(checkpoint);
      describe(model, facts);
      notices = model.notices();
      facts.put("supported", true);
    } catch (UserError e) {
      facts.put("supported", false);
      facts.put("reason", e.getMessage());
    }
    notices.forEach(facts.putArray("notices")::add);
    weights(checkpoint, facts);
    tokenizer(checkpoint, facts);
    if (!checkpoint.operators().isEmpty()) {
      ObjectNode operators = facts.putObject("operators");
      checkpoint.operators().forEach(operators::put);
    }
    return facts;
  }

  private static void describe(PhiModel model, ObjectNode facts) {
    PhiConfig config = model.config();
    facts.put("parameters", model.parameters());
    model.vision().ifPresent(sight -> facts.put("vision_parameters", sight.parameters()));
    facts.put("layers", config.layers());
    facts.put("hidden", config.hidden());
    facts.put("feed_forward", config.feedForward());
    config
        .experts()
        .ifPresent(
            experts ->
                facts.put("experts", experts.count()).put("experts_used", SparseMixer.CHOSEN));
    facts.put("heads", config.heads());
    facts.put("kv_heads", config.kvHeads());
    facts.put("head_size", config.headSize());
    facts.put("rotary_size", config.rotarySize());
    facts.put("vocabulary", config.vocabulary());
    facts.put("context", config.contextLength());
    facts.put("original_context", config.originalContextLength());
    facts.put("longrope", config.longRope().isPresent());
    config.slidingWindow().ifPresent(window -> facts.put("sliding_window", window));
    facts.put("tied_head", config.tiedHead());
  }

  private static void weights(Checkpoint checkpoint, ObjectNode facts) {
    StoredFormats stored = StoredFormats.of(checkpoint);
    facts.put("bytes", stored.bytes());
    facts.put("bits_per_weight", stored.bitsPerWeight());
    ObjectNode shares = facts.putObject("formats");
    stored.shares().forEach(shares::put);
    ObjectNode tensors = facts.putObject("tensors");
    checkpoint
        .tensors()
        .forEach((name, tensor) -> tensors.put(name, tensor.format() + " " + tensor.shape()));
  }

  private static void tokenizer(Checkpoint checkpoint, ObjectNode facts) {
    checkpoint
        .file("tokenizer.json")
        .ifPresent(bytes -> tokenizer(bytes, checkpoint, facts.putObject("tokenizer")));
    ChatTemplates.of(checkpoint).chosen().ifPresent(text -> facts.put("chat_template", text));
  }

  /** One that {@code quantize} and {@code run} would refuse is said to be so. */
  private static void tokenizer(byte[] bytes, Checkpoint checkpoint, ObjectNode facts) {
    try {
      JsonNode json = Tokenizer.check(bytes, checkpoint).rest();
      facts.put("type", json.path("model").path("type").asText("unknown"));
      facts.put("tokens", json.path("model").path("vocab").asInt());
      facts.put("merges", json.path("model").path("merges").asInt());
      facts.put("added", json.path("added_tokens").size());
    } catch (UserError e) {
      facts.put("fault", e.getMessage());
    }
  }
}
