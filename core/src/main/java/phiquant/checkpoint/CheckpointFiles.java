package phiquant.checkpoint;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/** The files of a checkpoint, in a folder or elsewhere. */
public interface CheckpointFiles {
  /** What stands before a file's name in messages, and names the model. */
  Path path();

  /** The names of those that are there, folders within left out. */
  Set<String> names();

  /**
   * A small file's bytes, if it is there.
   *
   * @throws phiquant.UserError if it is no file, too large, or cannot be read
   */
  Optional<byte[]> read(String name);

  /** Whether there is one of that name. */
  default boolean has(String name) {
    return names().contains(name);
  }
}
