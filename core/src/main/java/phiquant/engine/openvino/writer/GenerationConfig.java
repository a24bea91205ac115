package phiquant.engine.openvino.writer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;
import phiquant.tokenizer.EndTokens;

/**
 * The checkpoint's {@code generation_config.json} with all tokens that end an answer: OpenVINO
 * GenAI takes them from here, and a chat would run on past one that stands elsewhere only.
 */
final class GenerationConfig {
  private GenerationConfig() {}

  /** The file's bytes: the checkpoint's own where they name all. */
  static byte[] of(Checkpoint checkpoint) {
    Optional<byte[]> file = checkpoint.file("generation_config.json");
    ObjectNode config =
        file.map(bytes -> Json.object(bytes, checkpoint.path() + "/generation_config.json"))
            .orElseGet(JsonNodeFactory.instance::objectNode);
    Set<Integer> missing = new HashSet<>(EndTokens.of(checkpoint));
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    if (config.path("eos_token_id").isArray()) {
      all.addAll((ArrayNode) config.path("eos_token_id"));
    } else if (config.path("eos_token_id").canConvertToInt()) {
      all.add(config.path("eos_token_id"));
    }
    all.forEach(id -> missing.remove(id.asInt()));
    if (file.isPresent() && missing.isEmpty()) {
      return file.get();
    }
    missing.stream().sorted().forEach(all::add);
    if (!all.isEmpty()) {
      config.set("eos_token_id", all);
    }
    return config.toPrettyString().getBytes(StandardCharsets.UTF_8);
  }
}
