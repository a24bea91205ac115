package phiquant.engine.gguf.writer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.engine.gguf.GgufFileName;

/**
 * The {@code general.*} keys: name, basename, size, license, tags and so on, from the model card's
 * front matter, from {@code _name_or_path} and from the folder's name, in this order of preference.
 * Source: gguf-py's metadata.py.
 */
final class GeneralMetadata {
  private final Map<String, MetadataValue> keys = new LinkedHashMap<>();
  private final ModelSize size;
  private final JsonNode card;
  private final JsonNode generation;

  private GeneralMetadata(Checkpoint checkpoint, ModelSize size) {
    this.size = size;
    this.card = card(checkpoint);
    this.generation =
        checkpoint
            .file("generation_config.json")
            .map(
                bytes ->
                    (JsonNode) phiquant.checkpoint.Json.object(bytes, "generation_config.json"))
            .orElse(new YAMLMapper().createObjectNode());
  }

  /**
   * The keys in the order of the file.
   *
   * @param givenName replaces the name, if present
   */
  static Map<String, MetadataValue> of(
      Checkpoint checkpoint, ModelSize size, Optional<String> givenName) {
    GeneralMetadata general = new GeneralMetadata(checkpoint, size);
    general.sampling();
    general.authorship(checkpoint, givenName);
    general.baseModels();
    general.datasets();
    general.lists();
    return general.keys;
  }

  /** Defaults for sampling that generation_config.json recommends. */
  private void sampling() {
    if (generation.path("sequence").isTextual()) {
      text("sampling.sequence", generation.path("sequence").asText());
    }
    integer("top_k", "general.sampling.top_k");
    number("top_p", "general.sampling.top_p");
    number("min_p", "general.sampling.min_p");
    number("xtc_probability", "general.sampling.xtc_probability");
    number("xtc_threshold", "general.sampling.xtc_threshold");
    number("temperature", "general.sampling.temp");
    integer("penalty_last_n", "general.sampling.penalty_last_n");
    boolean own = generation.has("penalty_repeat");
    number(own ? "penalty_repeat" : "repetition_penalty", "general.sampling.penalty_repeat");
    integer("mirostat", "general.sampling.mirostat");
    number("mirostat_tau", "general.sampling.mirostat_tau");
    number("mirostat_eta", "general.sampling.mirostat_eta");
  }

  private void integer(String from, String key) {
    if (generation.path(from).canConvertToInt()) {
      keys.put(key, new MetadataValue.I32(generation.path(from).asInt()));
    }
  }

  private void number(String from, String key) {
    if (generation.path(from).isNumber()) {
      keys.put(key, new MetadataValue.F32((float) generation.path(from).asDouble()));
    }
  }

  private void authorship(Checkpoint checkpoint, Optional<String> givenName) {
    ModelName folder = ModelName.of(folderName(checkpoint.path()), size.parameters());
    String path = checkpoint.config().path("_name_or_path").asText("");
    boolean isId = !path.isEmpty() && path.chars().filter(c -> c == '/').count() <= 1;
    ModelName stated =
        isId
            ? ModelName.of(path, size.parameters())
            : new ModelName(null, null, null, null, null, null);
    String name = givenName.orElse(first(card("name", "model_name"), title(stated), title(folder)));
    text("name", name);
    text("author", card("author", "model_author", "model_creator"));
    text("version", first(card("version", "model_version"), stated.version(), folder.version()));
    text(
        "organization",
        first(
            card("organization", "model_organization"),
            stated.organization() == null ? null : ModelName.title(stated.organization()),
            folder.organization()));
    text(
        "finetune",
        first(card("finetune", "model_finetune"), stated.finetune(), folder.finetune()));
    text(
        "basename",
        first(
            card("basename", "model_basename", "model_type"),
            stated.basename(),
            folder.basename()));
    text("description", card("description", "model_description"));
    text(
        "size_label",
        first(
            card("size_label", "model_size_label"),
            stated.sizeLabel(),
            folder.sizeLabel(),
            size.label()));
    JsonNode license = card.path("license");
    text("license", license.isArray() ? String.join(",", texts(license)) : card("license"));
    text("license.name", card("license_name"));
    text("license.link", card("license_link"));
    text("source.url", card("url", "model_url"));
    text("source.doi", card("doi", "model_doi"));
    text("source.uuid", card("uuid", "model_uuid"));
    text("source.repo_url", card("repo_url", "model_repo_url"));
  }

  private void baseModels() {
    related("base_model", "base_model", "base_models", "base_model_sources");
  }

  private void datasets() {
    related("dataset", "datasets", "dataset", "dataset_sources");
  }

  /** Models or datasets that this one was made from, by Hugging Face id or address. */
  private void related(String key, String... from) {
    JsonNode found = null;
    for (String name : from) {
      if (found == null && card.has(name)) {
        found = card.get(name);
      }
    }
    if (found == null) {
      return;
    }
    List<String> ids = texts(found);
    keys.put("general." + key + ".count", new MetadataValue.U32(ids.size()));
    for (int i = 0; i < ids.size(); i++) {
      String id = ids.get(i);
      String prefix = "general." + key + "." + i + ".";
      boolean address = id.matches("(http|https|ssh)://.*");
      if (address && !id.matches("https?" + HUB.substring("https".length()) + "[^/]+/[^/]+")) {
        keys.put(prefix + "repo_url", new MetadataValue.Text(id));
        continue;
      }
      String plain = address ? id.replaceFirst("https?://[^/]+/", "") : id;
      ModelName name = ModelName.of(plain, size.parameters());
      keys.put(prefix + "name", new MetadataValue.Text(ModelName.title(name.full())));
      if (name.version() != null) {
        keys.put(prefix + "version", new MetadataValue.Text(name.version()));
      }
      if (name.organization() != null) {
        keys.put(
            prefix + "organization", new MetadataValue.Text(ModelName.title(name.organization())));
      }
      if (address || name.organization() != null) {
        keys.put(prefix + "repo_url", new MetadataValue.Text(address ? id : HUB + plain));
      }
    }
  }

  /** The address that gguf-py puts before a model's id. */
  private static final String HUB = "https://huggingface.co/";

  private void lists() {
    List<String> tags = new ArrayList<>(texts(card.path("tags")));
    tags.addAll(texts(card.path("pipeline_tag")));
    if (!tags.isEmpty()) {
      keys.put("general.tags", new MetadataValue.Texts(tags));
    }
    List<String> languages = new ArrayList<>(texts(card.path("languages")));
    languages.addAll(texts(card.path("language")));
    if (!languages.isEmpty()) {
      keys.put("general.languages", new MetadataValue.Texts(languages));
    }
  }

  /** Empty texts are left out, as gguf-py leaves them out. */
  private void text(String key, String value) {
    if (value != null && !value.isEmpty()) {
      keys.put("general." + key, new MetadataValue.Text(value));
    }
  }

  private String card(String... names) {
    for (String name : names) {
      if (card.path(name).isValueNode() && !card.path(name).isNull()) {
        return card.path(name).asText();
      }
    }
    return null;
  }

  private static List<String> texts(JsonNode node) {
    List<String> texts = new ArrayList<>();
    if (node.isArray()) {
      node.forEach(each -> texts.add(each.asText()));
    } else if (node.isTextual()) {
      texts.add(node.asText());
    }
    return texts;
  }

  private static String first(String... candidates) {
    for (String candidate : candidates) {
      if (candidate != null) {
        return candidate;
      }
    }
    return null;
  }

  private static String title(ModelName name) {
    return name.full() == null ? null : ModelName.title(name.full());
  }

  /** The folder's own name, whatever path leads to it. */
  static String folderName(Path path) {
    return GgufFileName.stem(CheckpointName.of(path));
  }

  /** The YAML between the lines of three dashes at the top of README.md. */
  private static JsonNode card(Checkpoint checkpoint) {
    String text =
        checkpoint
            .file("README.md")
            .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
            .orElse("");
    List<String> lines = text.lines().toList();
    YAMLMapper yaml = new YAMLMapper();
    if (lines.isEmpty() || !lines.get(0).equals("---")) {
      return yaml.createObjectNode();
    }
    int end = lines.subList(1, lines.size()).indexOf("---");
    String front = String.join("\n", lines.subList(1, end < 0 ? lines.size() : end + 1)) + "\n";
    try {
      // Norway's code is no boolean, and YAML has no tabs: the converter mends both.
      JsonNode card = yaml.readTree(front.replace("- no\n", "- \"no\"\n").replace("\t", "  "));
      return card.isObject() ? card : yaml.createObjectNode();
    } catch (JsonProcessingException e) {
      return yaml.createObjectNode();
    }
  }
}
