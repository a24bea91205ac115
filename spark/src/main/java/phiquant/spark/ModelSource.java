package phiquant.spark;

import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Ignored;
import phiquant.engine.Checkpoints;

/**
 * A model that machines open which run it.
 *
 * @param path as all of them see it
 * @param ignored tensors that are left out
 * @param stamp of its files, as the driver has seen them
 * @param version of the driver's phiquant
 */
record ModelSource(String path, List<String> ignored, String stamp, String version)
    implements Serializable {
  static ModelSource of(Checkpoint opened, List<Pattern> ignored) {
    return new ModelSource(
        opened.path().toAbsolutePath().normalize().toString(),
        ignored.stream().map(Pattern::pattern).toList(),
        opened.stamp(),
        Version.NUMBER);
  }

  /**
   * Opens it on the machine where this is called.
   *
   * @throws UserError if it is not there what it was for the driver
   */
  Checkpoint open() {
    if (!version.equals(Version.NUMBER)) {
      throw new UserError(
          "%s has phiquant %s, the driver %s."
              .formatted(Workbench.host(), Version.NUMBER, version));
    }
    Checkpoint checkpoint =
        Ignored.without(
            Checkpoints.open(Path.of(path)), ignored.stream().map(Pattern::compile).toList());
    if (!checkpoint.stamp().equals(stamp)) {
      checkpoint.close();
      throw new UserError(
          "%s is not the same on %s as it was for the driver.".formatted(path, Workbench.host()),
          "It must not change while a job runs, and all machines must see the same.");
    }
    return checkpoint;
  }
}
