package phiquant.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Ignored;
import phiquant.engine.Checkpoints;
import phiquant.hub.DownloadProgress;
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

  @Option(
      names = "--keep",
      description =
          "Download a model of the hub into Hugging Face's cache first, where all tools find it.")
  private boolean keep;

  /** What is left out. */
  List<Pattern> ignored() {
    return ignored;
  }

  /** Opens a model that lies at hand, or is kept, without what is left out. */
  Checkpoint open(Path path) {
    return Ignored.without(keep ? kept(path) : Checkpoints.open(path), ignored);
  }

  /** Opens a model wherever it is, without what is left out. */
  Checkpoint find(Path path) {
    return Ignored.without(findWhole(path), ignored);
  }

  /** The same with all of it. */
  Checkpoint findWhole(Path path) {
    return keep ? kept(path) : Checkpoints.find(path);
  }

  /** Downloads a model if that is asked for. */
  void keep(Path path) {
    if (keep) {
      kept(path).close();
    }
  }

  private static Checkpoint kept(Path path) {
    boolean terminal = System.console() != null && System.console().isTerminal();
    return Checkpoints.keep(
        path, terminal ? new DownloadBar("Downloading") : DownloadProgress.NONE);
  }
}
