package phiquant.checkpoint.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.CompanionFiles;
import phiquant.checkpoint.Json;

/**
 * {@code adapter_config.json}, as far as it says what an adapter adds; keys and defaults are those
 * of {@code LoraConfig} in peft's tuners/lora/config.py. What makes it add something else is
 * refused by its key, and so is a key that nobody knows.
 *
 * @param file it was read from
 * @param base the model that it was trained on, if it says so
 */
record LoraConfig(
    Path file,
    Optional<String> base,
    int rank,
    double alpha,
    boolean rankStabilized,
    Map<ModulePattern, Integer> ranks,
    Map<ModulePattern, Double> alphas) {
  private static final String NAME = "adapter_config.json";

  /**
   * What does not change what is added. {@code fan_in_fan_out} is for GPT-2's layers, and PEFT
   * itself ignores it for others.
   */
  private static final Set<String> HARMLESS =
      Set.of(
          "alpha_pattern",
          "auto_mapping",
          "base_model_name_or_path",
          "bias",
          "corda_config",
          "eva_config",
          "exclude_modules",
          "fan_in_fan_out",
          "inference_mode",
          "init_lora_weights",
          "layers_pattern",
          "layers_to_transform",
          "loftq_config",
          "lora_alpha",
          "lora_dropout",
          "lora_ga_config",
          "megatron_core",
          "modules_to_save",
          "peft_type",
          "peft_version",
          "qalora_group_size",
          "r",
          "rank_pattern",
          "revision",
          "runtime_config",
          "target_modules",
          "task_type",
          "use_rslora");

  /** Beginnings that leave the base as it is; others take from it what they put in A and B. */
  private static final Set<String> PLAIN_INITS =
      Set.of("true", "false", "null", "", "gaussian", "orthogonal", "eva");

  /**
   * Reads it from an adapter's folder.
   *
   * @throws UserError if it is missing, damaged, or describes what is not computed
   */
  static LoraConfig in(Path folder) {
    Path file = folder.resolve(NAME);
    byte[] bytes =
        CompanionFiles.read(folder, NAME)
            .orElseThrow(
                () ->
                    new UserError(
                        folder + " has no " + NAME + ".",
                        "Give the folder that PEFT's save_pretrained() wrote."));
    ObjectNode json = Json.object(bytes, file.toString());
    refuseOthers(file, json);
    Optional<String> base =
        Optional.of(json.path("base_model_name_or_path").asText(""))
            .filter(name -> !name.isBlank() && name.length() <= 200);
    int rank = json.has("r") ? rank(file, "r", json.path("r")) : 8;
    double alpha = json.has("lora_alpha") ? number(file, "lora_alpha", json.path("lora_alpha")) : 8;
    Map<ModulePattern, Integer> ranks = new LinkedHashMap<>();
    json.path("rank_pattern")
        .properties()
        .forEach(
            entry ->
                ranks.put(
                    ModulePattern.of(entry.getKey(), file + ": rank_pattern"),
                    rank(file, "rank_pattern", entry.getValue())));
    Map<ModulePattern, Double> alphas = new LinkedHashMap<>();
    json.path("alpha_pattern")
        .properties()
        .forEach(
            entry ->
                alphas.put(
                    ModulePattern.of(entry.getKey(), file + ": alpha_pattern"),
                    number(file, "alpha_pattern", entry.getValue())));
    boolean rankStabilized = json.path("use_rslora").asBoolean(false);
    return new LoraConfig(file, base, rank, alpha, rankStabilized, ranks, alphas);
  }

  /** The rank of what is added to a module. */
  int rank(String module) {
    return first(ranks, module).orElse(rank);
  }

  /** By what {@code B · A} is multiplied ({@code LoraLayer.set_scale} in tuners/lora/layer.py). */
  float scaling(String module, double scale) {
    double numerator = scale * first(alphas, module).orElse(alpha);
    int rank = rank(module);
    return (float) (rankStabilized ? numerator / Math.sqrt(rank) : numerator / rank);
  }

  private static <T> Optional<T> first(Map<ModulePattern, T> patterns, String module) {
    return patterns.entrySet().stream()
        .filter(entry -> entry.getKey().matches(module))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  private static void refuseOthers(Path file, ObjectNode json) {
    String type = json.path("peft_type").asText("");
    if (!type.equals("LORA")) {
      throw new UserError(
          type.isEmpty()
              ? file + " has no peft_type: it is not PEFT's."
              : "%s describes an adapter of the type %s, which is not merged."
                  .formatted(file, shown(type)),
          "LORA is; merge another kind with the tool that trained it, and quantize the result.");
    }
    String init = json.path("init_lora_weights").asText("");
    if (!PLAIN_INITS.contains(init)) {
      throw notMerged(
          file,
          "init_lora_weights '" + shown(init) + "'",
          "Its base is not the model that it names but what this left of it. Save it as a plain"
              + " LoRA with save_pretrained(out, path_initial_model_for_weight_conversion=…), or"
              + " merge it with PEFT's merge_and_unload().");
    }
    json.properties()
        .forEach(
            entry -> {
              if (!HARMLESS.contains(entry.getKey()) && isSet(entry.getValue())) {
                throw notMerged(
                    file,
                    "'" + shown(entry.getKey()) + "'",
                    "Merge it with PEFT's merge_and_unload(), and quantize the result.");
              }
            });
  }

  private static UserError notMerged(Path file, String what, String hint) {
    return new UserError(file + " says " + what + ", which phiquant does not compute.", hint);
  }

  private static boolean isSet(JsonNode value) {
    return value.isContainerNode()
        ? !value.isEmpty()
        : !value.isNull() && !value.asText().equals("false") && !value.asText().isEmpty();
  }

  private static int rank(Path file, String key, JsonNode value) {
    long rank = Json.whole(value).orElse(0);
    if (rank < 1 || rank > 1 << 20) {
      throw new UserError(
          "%s: %s is %s; a rank is a whole number from 1."
              .formatted(file, key, shown(value.toString())));
    }
    return (int) rank;
  }

  private static double number(Path file, String key, JsonNode value) {
    if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
      throw new UserError(
          "%s: %s is %s, which is no number.".formatted(file, key, shown(value.toString())));
    }
    return value.asDouble();
  }

  private static String shown(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "…";
  }
}
