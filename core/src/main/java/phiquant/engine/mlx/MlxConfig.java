package phiquant.engine.mlx;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import phiquant.checkpoint.ConfigForm;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.PythonJson;
import phiquant.engine.mlx.MlxRecipe.Choice;
import phiquant.model.PhiModel;

/**
 * MLX's {@code config.json}: the checkpoint's own, with its keys sorted, the end tokens of {@code
 * generation_config.json}, and {@code quantization}, which says how the weights are packed (and
 * again as {@code quantization_config}, where Hugging Face looks for it). Source: {@code
 * load_config}, {@code quantize_model} and {@code save_config} in mlx-lm's {@code utils.py}.
 */
final class MlxConfig {
  private MlxConfig() {}

  static byte[] of(PhiModel model, MlxRecipe recipe, List<MlxWeight> weights, boolean shortRope) {
    ObjectNode config = model.checkpoint().config().deepCopy();
    config.remove(List.of("_name_or_path", "quantization", "quantization_config"));
    stateAll(model, config);
    endTokens(model).ifPresent(tokens -> config.set("eos_token_id", tokens));
    model.vision().ifPresent(vision -> MlxSight.config(model, config));
    if (statesAttention(model) && config.path("rope_scaling") instanceof ObjectNode scaling) {
      double factor = model.config().longRope().orElseThrow().attentionFactor();
      scaling.put("short_mscale", factor).put("long_mscale", factor);
    }
    if (shortRope && config.path("rope_scaling") instanceof ObjectNode scaling) {
      scaling.set("long_factor", scaling.get("short_factor"));
    }
    if (recipe.mode().isPresent()) {
      ObjectNode quantization = quantization(model, recipe, weights);
      config.set("quantization", quantization);
      config.set("quantization_config", quantization);
    }
    Map<String, JsonNode> sorted = new TreeMap<>();
    config.properties().forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
    return PythonJson.bytes(JsonNodeFactory.instance.objectNode().setAll(sorted), 4, true);
  }

  /** Whether mlx-lm reads longrope's attention factor: of a PhiMoE, and must find it. */
  static boolean statesAttention(PhiModel model) {
    return model.config().longRope().isPresent()
        && model.architecture().keys().reads("rope_scaling.long_mscale");
  }

  /**
   * Where the configuration of another than a Phi-3 is silent, mlx-lm takes a released model's
   * facts, not the class's defaults, or has none.
   */
  private static void stateAll(PhiModel model, ObjectNode config) {
    if (!ConfigForm.isPhi3(config) && model.vision().isEmpty()) {
      model
          .architecture()
          .keys()
          .defaults()
          .forEach(
              (key, value) -> {
                if (!config.hasNonNull(key)) {
                  config.set(key, number(value));
                }
              });
    }
  }

  private static JsonNode number(Number value) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    return value instanceof Integer whole
        ? nodes.numberNode(whole)
        : nodes.numberNode(value.doubleValue());
  }

  private static ObjectNode quantization(
      PhiModel model, MlxRecipe recipe, List<MlxWeight> weights) {
    ObjectNode quantization = entry(recipe.uniform());
    for (MlxWeight weight : weights) {
      if (weight.isQuantized()) {
        recipe
            .listed(weight.source(), model.config().layers())
            .ifPresent(choice -> quantization.set(MlxRecipe.path(weight.source()), entry(choice)));
      }
    }
    return quantization;
  }

  private static ObjectNode entry(Choice choice) {
    ObjectNode entry = JsonNodeFactory.instance.objectNode();
    entry.put("group_size", choice.groupSize().orElse(null));
    return entry.put("bits", choice.bits()).put("mode", choice.mode());
  }

  private static Optional<JsonNode> endTokens(PhiModel model) {
    return model
        .checkpoint()
        .file("generation_config.json")
        .map(bytes -> Json.object(bytes, model.checkpoint().path() + "/generation_config.json"))
        .map(generation -> generation.path("eos_token_id"))
        .filter(tokens -> tokens.asInt() != 0 || !tokens.isEmpty());
  }
}
