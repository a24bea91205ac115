package phiquant.checkpoint.vocabulary;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointView;
import phiquant.checkpoint.Json;
import phiquant.checkpoint.PythonJson;

/**
 * Which chat template a checkpoint has: releases state it in up to three files. As in transformers
 * ({@code chat_template.jinja} replaces what tokenizer_config.json says when a tokenizer is
 * loaded), the file of its own wins; everything that reads or writes a template asks here.
 *
 * @param chosen the one that counts
 * @param named others of tokenizer_config.json, for special uses, by name
 * @param differs whether chat_template.jinja says another thing than tokenizer_config.json
 */
public record ChatTemplates(Optional<String> chosen, Map<String, String> named, boolean differs) {
  private static final String OWN = "chat_template.jinja";
  private static final String CONFIG = "tokenizer_config.json";

  /** Those of a checkpoint. */
  public static ChatTemplates of(Checkpoint checkpoint) {
    Optional<String> own =
        checkpoint.file(OWN).map(bytes -> new String(bytes, StandardCharsets.UTF_8));
    JsonNode stated = json(checkpoint, CONFIG).path("chat_template");
    Map<String, String> named = new LinkedHashMap<>();
    if (stated.isArray()) {
      for (JsonNode each : stated) {
        named.put(each.path("name").asText(), each.path("template").asText());
      }
    }
    Optional<String> inConfig =
        Optional.ofNullable(stated.isTextual() ? stated.textValue() : named.remove("default"));
    Optional<String> old =
        Optional.ofNullable(
            json(checkpoint, "chat_template.json").path("chat_template").textValue());
    boolean differs = own.isPresent() && inConfig.isPresent() && !own.equals(inConfig);
    return new ChatTemplates(
        own.or(() -> inConfig).or(() -> old).filter(text -> !text.isEmpty()), named, differs);
  }

  /**
   * A checkpoint with a template that a person gives, for one that has none or another.
   *
   * @throws UserError (usage) if the file cannot be read
   */
  public static Checkpoint given(Path file, Checkpoint checkpoint) {
    try {
      // Read as text first: what is no UTF-8 is no template.
      String template = Files.readString(file);
      return CheckpointView.with(
          Map.of(OWN, template.getBytes(StandardCharsets.UTF_8)), checkpoint);
    } catch (IOException | OutOfMemoryError e) {
      throw UserError.usage("The chat template " + file + " cannot be read as text in UTF-8.");
    }
  }

  private static JsonNode json(Checkpoint checkpoint, String name) {
    return checkpoint
        .file(name)
        .map(bytes -> (JsonNode) Json.object(bytes, checkpoint.path() + "/" + name))
        .orElse(MissingNode.getInstance());
  }

  /** What users should know, if two files differ. */
  public List<String> notices() {
    return differs
        ? List.of(
            "chat_template.jinja and the chat_template of tokenizer_config.json differ;"
                + " chat_template.jinja is used, as transformers does.")
        : List.of();
  }

  /**
   * A checkpoint's tokenizer_config.json for an engine that may read its template there: the bytes
   * as they are, or with the template that counts where it holds another.
   *
   * @throws UserError if it is not JSON
   */
  public static Optional<byte[]> config(Checkpoint checkpoint) {
    return of(checkpoint).differs() ? within(checkpoint) : checkpoint.file(CONFIG);
  }

  /**
   * The same for a reader that knows no other place for a template: it stands there in any case.
   *
   * @throws UserError if the file is not JSON
   */
  public static Optional<byte[]> within(Checkpoint checkpoint) {
    Optional<byte[]> bytes = checkpoint.file(CONFIG);
    ChatTemplates templates = of(checkpoint);
    boolean stated = json(checkpoint, CONFIG).hasNonNull("chat_template");
    boolean right = stated ? !templates.differs() : templates.chosen().isEmpty();
    if (bytes.isEmpty() || right) {
      return bytes;
    }
    ObjectNode config = Json.object(bytes.get(), checkpoint.path() + "/" + CONFIG);
    config.put("chat_template", templates.chosen().orElse(""));
    String text = new String(PythonJson.bytes(config, 2, false), StandardCharsets.UTF_8);
    return Optional.of((text + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
