package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Optional;
import phiquant.UserError;

/**
 * An adapter that PEFT trained and saved apart from the model that it belongs to: small matrices
 * that are added to that model's. It is no model, and beside one it is not applied.
 *
 * @param folder where it lies
 * @param kind such as LORA
 * @param base the model that it was trained on, a hub's name or a path of whoever trained it
 */
public record Adapter(Path folder, String kind, Optional<String> base) {
  private static final String CONFIG = "adapter_config.json";

  /** The adapter in a folder, if there is one. */
  public static Optional<Adapter> in(Path folder) {
    return CompanionFiles.read(folder, CONFIG)
        .map(bytes -> Json.object(bytes, folder.resolve(CONFIG).toString()))
        .map(config -> new Adapter(folder, text(config, "peft_type").orElse("PEFT"), base(config)));
  }

  private static Optional<String> base(ObjectNode config) {
    return text(config, "base_model_name_or_path");
  }

  private static Optional<String> text(ObjectNode config, String key) {
    return Optional.of(config.path(key).asText(""))
        .filter(text -> !text.isBlank())
        .map(text -> text.length() <= 200 ? text : text.substring(0, 200) + "…");
  }

  /** Says that it is no model, and how it becomes a part of one. */
  public UserError alone() {
    return new UserError(
        "%s holds an adapter's weights (%s)%s, not a model's."
            .formatted(folder, kind, base.map(name -> " for the base model " + name).orElse("")),
        "A LoRA is merged on the way: quantize its base with --lora %s. Or merge it with PEFT first:"
                .formatted(folder)
            + " PeftModel.from_pretrained(base, adapter).merge_and_unload().save_pretrained(out).");
  }

  /** Says that it is not applied. */
  public String besideWeights() {
    return "An adapter (%s%s) lies beside the weights and is not applied; if they lack it, give its folder with --lora, or merge it with PEFT's merge_and_unload() first."
        .formatted(kind, base.map(name -> " for " + name).orElse(""));
  }
}
