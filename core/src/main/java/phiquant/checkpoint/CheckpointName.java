package phiquant.checkpoint;

import java.nio.file.Path;

/**
 * What a checkpoint or artifact is called: its file's or folder's own name, whatever path leads to
 * it. What lies in the hub's cache is called as its repository, for its folder's name is a commit.
 */
public final class CheckpointName {
  private CheckpointName() {}

  /** The name, with the file's ending if it has one. */
  public static String of(Path checkpoint) {
    Path place = checkpoint.toAbsolutePath().normalize();
    return HubCache.repository(place).orElseGet(() -> place.getFileName().toString());
  }
}
