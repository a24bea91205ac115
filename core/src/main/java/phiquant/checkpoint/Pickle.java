package phiquant.checkpoint;

import java.nio.file.Path;
import phiquant.UserError;

/** Weights as {@code torch.save} writes them: a program, which is not run. */
public final class Pickle {
  private Pickle() {}

  /** Says why one is refused. */
  public static UserError refused(Path file) {
    return new UserError(
        file + " is a Python pickle: opening it can run code that its author put there.",
        "Convert it where you trust it, with save_pretrained(folder, safe_serialization=True) of"
            + " transformers, or download the safetensors files.");
  }
}
