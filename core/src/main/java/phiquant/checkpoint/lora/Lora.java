package phiquant.checkpoint.lora;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointName;
import phiquant.checkpoint.HubCache;

/**
 * A LoRA adapter that is to be merged into a model.
 *
 * @param folder with {@code adapter_config.json} and {@code adapter_model.safetensors}
 * @param scale by which what it adds is multiplied, beside its own {@code alpha / r}
 */
public record Lora(Path folder, double scale) {
  private static final String NUMBER = "[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?";

  /**
   * From {@code DIR} or {@code DIR:scale}. What exists as it is written is a folder, whatever
   * colons it has.
   *
   * @throws UserError if there is no such folder, or the scale is no number
   */
  public static Lora parse(String text) {
    return parse("--lora", text);
  }

  /** The same as the value of an option of that name. */
  public static Lora parse(String option, String text) {
    int colon = text.lastIndexOf(':');
    String scale = text.substring(colon + 1);
    if (exists(text) || colon < 0 || !(scale.matches(NUMBER) || exists(text.substring(0, colon)))) {
      return new Lora(path(option, text), 1);
    }
    double number = scale.matches(NUMBER) ? Double.parseDouble(scale) : Double.NaN;
    if (!Double.isFinite(number)) {
      throw UserError.usage(
          "%s %s: the scale '%s' is no number; write DIR:0.5.".formatted(option, text, scale));
    }
    return new Lora(path(option, text.substring(0, colon)), number);
  }

  /**
   * The checkpoint with adapters merged, one after the other, each on what the ones before it left,
   * as PEFT does with several.
   *
   * @param checkpoint closes with the result, or if this fails
   * @throws UserError if one is damaged, is for another model, or is of a kind that is not computed
   */
  public static Checkpoint merge(Checkpoint checkpoint, List<Lora> adapters) {
    Checkpoint merged = checkpoint;
    try {
      for (Lora adapter : adapters) {
        merged = MergedCheckpoint.of(merged, adapter);
      }
      return merged;
    } catch (RuntimeException e) {
      merged.close();
      throw e;
    }
  }

  /**
   * Its folder, or what the hub's cache holds of it.
   *
   * @throws UserError if there is none
   */
  Path snapshot() {
    Path found = HubCache.snapshot(folder);
    if (!Files.isDirectory(found)) {
      throw new UserError(
          found + (Files.exists(found) ? " is no folder." : " does not exist."),
          "Give the adapter's folder, with adapter_config.json in it.");
    }
    return found;
  }

  /** Its folder's name, and the scale if there is one. */
  String label() {
    return CheckpointName.of(folder) + (scale == 1 ? "" : " times " + scale);
  }

  private static boolean exists(String text) {
    try {
      return Files.exists(Path.of(text));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static Path path(String option, String text) {
    try {
      return Path.of(text);
    } catch (InvalidPathException e) {
      throw UserError.usage(option + " '" + text + "' is no path: " + e.getReason() + ".");
    }
  }
}
