package phiquant.eval;

import java.util.Optional;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CheckpointView;
import phiquant.checkpoint.Json;
import phiquant.engine.gguf.reader.GgufCheckpoint;
import phiquant.engine.gguf.recipe.GgufFileType;

/**
 * The command that makes an artifact again: from {@code phiquant.json} beside it, or from the file
 * type that a GGUF header states.
 */
final class Recreate {
  private Recreate() {}

  /** The command, if the artifact says how it was made. */
  static Optional<String> command(Checkpoint artifact, Checkpoint original) {
    return target(artifact)
        .map(target -> "phiquant quantize " + original.path() + " --to " + target + " -o out");
  }

  private static Optional<String> target(Checkpoint artifact) {
    if (artifact instanceof CheckpointView view) {
      return target(view.stored());
    }
    if (artifact instanceof GgufCheckpoint gguf) {
      Object type = gguf.file().metadata().get("general.file_type");
      for (GgufFileType known : GgufFileType.values()) {
        if (type instanceof Long id && id == known.id()) {
          return Optional.of("gguf:" + known);
        }
      }
      return Optional.empty();
    }
    return artifact
        .file("phiquant.json")
        .map(
            bytes ->
                Json.object(bytes, artifact.path() + "/phiquant.json").path("target").asText(""))
        .filter(target -> target.matches("[\\w:,.=;-]{1,200}"));
  }
}
