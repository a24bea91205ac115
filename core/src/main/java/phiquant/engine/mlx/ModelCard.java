package phiquant.engine.mlx;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import phiquant.model.PhiModel;

/**
 * The artifact's {@code README.md}: the facts that Hugging Face reads (the checkpoint's own, with
 * its licence, and that this is for MLX), what was made, and how to run it.
 */
final class ModelCard {
  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .build();

  private ModelCard() {}

  static byte[] of(PhiModel model, String name, MlxTarget target, List<MlxWeight> weights) {
    Map<String, long[]> formats = new TreeMap<>();
    for (MlxWeight weight : weights) {
      long[] sum = formats.computeIfAbsent(weight.format(), unused -> new long[2]);
      sum[0]++;
      sum[1] += weight.bytes();
    }
    StringBuilder table = new StringBuilder();
    formats.forEach(
        (format, sum) ->
            table.append("| %s | %d | %.1f MB |\n".formatted(format, sum[0], sum[1] / 1e6)));
    long bytes = weights.stream().mapToLong(MlxWeight::bytes).sum();
    String card =
        """
        ---
        %s---

        # %s for MLX

        Made by phiquant with `--to %s`: %.3f bits per weight.

        | format | weights | size |
        |---|---|---|
        %s
        %s```
        %s
        ```
        """
            .formatted(
                frontMatter(model),
                name,
                target.spec(),
                8.0 * bytes / MlxTarget.parameters(weights),
                table,
                target.ropeNote(model).map(note -> note + "\n\n").orElse("")
                    + MlxTarget.departure(model).map(note -> note + "\n\n").orElse(""),
                model.vision().isPresent()
                    ? "mlx_vlm.generate --model . --image photo.jpg --prompt \"What is this?\""
                    : "mlx_lm.generate --model . --prompt \"Why is the sky blue?\"");
    return card.getBytes(StandardCharsets.UTF_8);
  }

  private static String frontMatter(PhiModel model) {
    ObjectNode facts =
        model
            .checkpoint()
            .file("README.md")
            .map(ModelCard::read)
            .orElseGet(() -> YAML.createObjectNode().put("language", "en"));
    String task = model.vision().isPresent() ? "image-text-to-text" : "text-generation";
    facts.put("library_name", "mlx").put("pipeline_tag", task);
    ArrayNode tags = YAML.createArrayNode().add("mlx");
    for (JsonNode tag : facts.path("tags")) {
      if (!tag.asText().equals("mlx")) {
        tags.add(tag.asText());
      }
    }
    facts.set("tags", tags);
    try {
      return YAML.writeValueAsString(facts);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The block between the first two lines of dashes; no facts if there is none or it is broken. */
  private static ObjectNode read(byte[] card) {
    String[] parts = new String(card, StandardCharsets.UTF_8).split("(?m)^---\\s*$", 3);
    try {
      if (parts.length == 3
          && parts[0].isBlank()
          && YAML.readTree(parts[1]) instanceof ObjectNode facts) {
        return facts;
      }
    } catch (JsonProcessingException e) {
      // A card that cannot be read has no facts to keep.
    }
    return YAML.createObjectNode();
  }
}
