package phiquant.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Ignored;
import phiquant.engine.Checkpoints;
import picocli.CommandLine.Option;

/** How a model is opened: what all commands that open one have in common. */
final class ModelOptions {
  @Option(
      names = "--ignore",
      paramLabel = "REGEX",
      description =
          "Leave out tensors that the architecture does not have, by name, instead of refusing the"
              + " model. Repeatable.")
  private List<Pattern> ignored = new ArrayList<>();

  /** What is left out. */
  List<Pattern> ignored() {
    return ignored;
  }

  /** Opens a model without what is left out. */
  Checkpoint open(Path path) {
    return Ignored.without(Checkpoints.open(path), ignored);
  }
}
