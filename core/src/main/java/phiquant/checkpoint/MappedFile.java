package phiquant.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import phiquant.InputFile;
import phiquant.UserError;

/** Maps a whole file into memory, read-only: nothing is read before it is touched. */
public final class MappedFile {
  private MappedFile() {}

  /**
   * The file's bytes, valid as long as the arena.
   *
   * @throws UserError if the file cannot be read
   */
  public static MemorySegment map(Path file, Arena arena) {
    try (FileChannel channel = InputFile.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    } catch (IOException e) {
      if (e.getCause() instanceof OutOfMemoryError) {
        throw new UserError(
            file + " does not fit in the address space.", "Raise or lift its limit (ulimit -v).");
      }
      throw new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
