package phiquant.pipeline;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.UserError;
import phiquant.engine.plan.ArtifactPlan;

/**
 * Where artifacts go.
 *
 * @param input what is read, which is never written
 * @param output a folder; or, for a single artifact of one file, that file
 */
public record Places(Path input, Path output) {
  /**
   * Gives each its place.
   *
   * @throws UserError (usage) if two have the same, or one has the input's
   */
  public Map<Path, ArtifactPlan> of(List<ArtifactPlan> plans) {
    Map<Path, ArtifactPlan> placed = new LinkedHashMap<>();
    for (ArtifactPlan plan : plans) {
      Path place = place(plan, plans.size());
      refuseToOverwriteInput(place);
      if (placed.put(place, plan) != null) {
        throw UserError.usage("Two targets would both be written to " + place + ".");
      }
    }
    return placed;
  }

  private Path place(ArtifactPlan plan, int plans) {
    if (plan.isFile(output) && !Files.isDirectory(output)) {
      if (plans > 1) {
        throw UserError.usage(output + " is one file; give a folder for several targets.");
      }
      return output;
    }
    return output.resolve(plan.name());
  }

  private void refuseToOverwriteInput(Path place) {
    Path read = input.toAbsolutePath().normalize();
    Path target = place.toAbsolutePath().normalize();
    if (target.equals(read) || read.startsWith(target)) {
      throw UserError.usage(
          place + " is the input, which is never written; choose another output.");
    }
  }
}
