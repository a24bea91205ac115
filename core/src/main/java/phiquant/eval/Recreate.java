package phiquant.eval;

import java.util.Optional;
import phiquant.checkpoint.Checkpoint;

/** The command that makes an artifact again. */
final class Recreate {
  private Recreate() {}

  /** The command, if the artifact says how it was made. */
  static Optional<String> command(Checkpoint artifact, Checkpoint original) {
    return artifact
        .target()
        .map(target -> "phiquant quantize " + original.path() + " --to " + target + " -o out");
  }
}
