package phiquant.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Function;
import phiquant.UserError;

/**
 * What folders of all kinds have in common: {@code config.json} and other small files beside the
 * weights, and the weights, which stay mapped until the folder is closed.
 */
public abstract class CheckpointFolder implements Checkpoint {
  private final Path folder;
  private final ObjectNode config;
  private final MappedFiles files = new MappedFiles();

  /**
   * Reads the configuration.
   *
   * @param whereFrom what to do if there is none
   * @throws UserError if there is none, or it is damaged
   */
  protected CheckpointFolder(Path folder, String whereFrom) {
    this.folder = folder;
    byte[] json =
        CompanionFiles.read(folder, "config.json")
            .orElseThrow(() -> new UserError(folder + " has no config.json.", whereFrom));
    this.config = Json.object(json, folder + "/config.json");
  }

  /** Opens what is mapped; if that fails, nothing stays mapped. */
  protected final <T> T map(Function<MappedFiles, T> open) {
    try {
      return open.apply(files);
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  @Override
  public final Path path() {
    return folder;
  }

  @Override
  public final ObjectNode config() {
    return config;
  }

  @Override
  public final Optional<byte[]> file(String name) {
    return CompanionFiles.read(folder, name);
  }

  @Override
  public final void requireUnchanged() {
    files.requireUnchanged();
  }

  @Override
  public final void close() {
    files.close();
  }
}
