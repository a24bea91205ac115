package phiquant.spark;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import phiquant.InputFile;
import phiquant.UserError;
import phiquant.cli.SharedArguments;

/**
 * A job as a file in YAML: each model with each recipe. Keys of a model and of a recipe are the
 * options of {@code phiquant quantize}:
 *
 * <pre>{@code
 * output: /models/out
 * models:
 *   - model: /models/Phi-4-mini-instruct
 *   - model: microsoft/Phi-4@main
 *     name: Phi-4
 * recipes:
 *   - to: [gguf:Q4_K_M, mlx:4bit]
 *   - to: gguf:IQ4_XS
 *     calibration: /models/matrix.gguf
 * evaluate:
 *   windows: 32
 *   report: /models/out/report.html
 * }</pre>
 *
 * Keys of the evaluation are the options of {@code phiquant eval}.
 *
 * @param commands arguments of {@code quantize}, one list for each model and recipe
 * @param measuring how models are compared with what was made from them, if they are
 */
record JobFile(List<List<String>> commands, Optional<Measuring> measuring) {
  private static final String MODEL = "model";
  private static final String EVALUATE = "evaluate";
  private static final Set<String> OF_EVALUATION =
      Set.of("windows", "window", "text", "activations", "rope-rule", "report");
  private static final Set<String> KEYS =
      Set.of("output", "overwrite", "models", "recipes", EVALUATE);

  /** What the job says itself, or what nobody is there to read. */
  private static final Set<String> NOT_OF_ENTRIES =
      Set.of("output", "overwrite", "dry-run", "quiet", "threads", "help", "version");

  /**
   * An evaluation of all that a job makes.
   *
   * @param arguments of {@code eval}, but for the models
   * @param report where the page about all is written
   * @param overwrite whether one that exists is replaced
   */
  record Measuring(List<String> arguments, Optional<Path> report, boolean overwrite) {}

  /**
   * Reads one.
   *
   * @throws UserError naming a key that nothing would come of, or one that is missing
   */
  static JobFile read(Path file) {
    JsonNode job = parse(file);
    requireKeys(job, KEYS, file + "");
    List<String> common = new ArrayList<>(List.of("--output", text(job, "output", file)));
    if (job.path("overwrite").asBoolean()) {
      common.add("--overwrite");
    }
    List<List<String>> commands = new ArrayList<>();
    for (JsonNode model : list(job, "models", file)) {
      Map<String, JsonNode> ofModel = entry(model, MODEL, file + ", models");
      for (JsonNode recipe : list(job, "recipes", file)) {
        Map<String, JsonNode> all = entry(recipe, "to", file + ", recipes");
        ofModel.keySet().stream()
            .filter(all::containsKey)
            .findFirst()
            .ifPresent(
                key -> {
                  throw new UserError(
                      "%s: a model and a recipe both say '%s'.".formatted(file, key));
                });
        all.putAll(ofModel);
        List<String> command = new ArrayList<>(List.of(all.remove(MODEL).asText()));
        command.addAll(common);
        all.forEach((key, value) -> option("--" + key, value, command));
        commands.add(command);
      }
    }
    return new JobFile(commands, measuring(job, file));
  }

  private static Optional<Measuring> measuring(JsonNode job, Path file) {
    JsonNode asked = job.path(EVALUATE);
    if (asked.isMissingNode()) {
      return Optional.empty();
    }
    if (!asked.isObject()) {
      throw new UserError("%s: '%s' has keys of its own.".formatted(file, EVALUATE), known());
    }
    requireKeys(asked, OF_EVALUATION, file + ", " + EVALUATE);
    for (JsonNode model : job.path("models")) {
      if (model.has("lora")) {
        throw new UserError(
            "%s: a model with 'lora' cannot be evaluated: its original is the merged one, which is"
                    .formatted(file)
                + " nowhere.",
            "Make it with --to safetensors first, and name that as the model.");
      }
    }
    List<String> arguments = new ArrayList<>();
    for (Map.Entry<String, JsonNode> each : asked.properties()) {
      if (each.getKey().equals("text")) {
        Path text = Path.of(each.getValue().asText()).toAbsolutePath();
        arguments.addAll(List.of("--text", text.toString()));
      } else if (!each.getKey().equals("report")) {
        option("--" + each.getKey(), each.getValue(), arguments);
      }
    }
    Optional<Path> report =
        Optional.of(asked.path("report").asText()).filter(name -> !name.isEmpty()).map(Path::of);
    return Optional.of(
        new Measuring(List.copyOf(arguments), report, job.path("overwrite").asBoolean()));
  }

  private static String known() {
    return "There is " + String.join(", ", new TreeSet<>(OF_EVALUATION)) + ".";
  }

  private static JsonNode parse(Path file) {
    try {
      JsonNode job =
          YAMLMapper.builder()
              .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
              .build()
              .readTree(InputFile.text(file));
      if (!job.isObject()) {
        throw new UserError(file + " is no job: it has keys and what they say, as YAML.");
      }
      return job;
    } catch (JsonProcessingException e) {
      throw new UserError("%s is not YAML: %s".formatted(file, e.getOriginalMessage()), e);
    }
  }

  private static void requireKeys(JsonNode node, Set<String> known, String where) {
    for (String key : node.properties().stream().map(Map.Entry::getKey).toList()) {
      if (!known.contains(key)) {
        throw new UserError(
            "%s: there is no key '%s'.".formatted(where, key),
            "There is " + String.join(", ", new TreeSet<>(known)) + ".");
      }
    }
  }

  private static String text(JsonNode job, String key, Path file) {
    if (!job.path(key).isTextual()) {
      throw new UserError("%s does not say '%s'.".formatted(file, key));
    }
    return job.path(key).asText();
  }

  private static JsonNode list(JsonNode job, String key, Path file) {
    if (!job.path(key).isArray() || job.path(key).isEmpty()) {
      throw new UserError("%s has no list of %s.".formatted(file, key));
    }
    return job.path(key);
  }

  private static Map<String, JsonNode> entry(JsonNode entry, String needed, String where) {
    Set<String> known = new TreeSet<>(SharedArguments.options());
    known.removeAll(NOT_OF_ENTRIES);
    known.add(MODEL);
    if (!entry.has(needed)) {
      throw new UserError("%s: an entry does not say '%s'.".formatted(where, needed));
    }
    requireKeys(entry, known, where);
    Map<String, JsonNode> keys = new LinkedHashMap<>();
    entry.properties().forEach(each -> keys.put(each.getKey(), each.getValue()));
    return keys;
  }

  private static void option(String name, JsonNode value, List<String> command) {
    if (value.isArray()) {
      value.forEach(one -> option(name, one, command));
    } else if (!value.isBoolean()) {
      command.addAll(List.of(name, value.asText()));
    } else if (value.asBoolean()) {
      command.add(name);
    }
  }
}
