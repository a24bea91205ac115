package phiquant.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import phiquant.UserError;

/**
 * The files that hold a checkpoint's weights, mapped until it is closed. Others may write to a file
 * meanwhile, or cut it; what it was when it was mapped is remembered, so that this is found out.
 *
 * <p>To read beyond the end of a file that was cut is a fault of the processor. The JVM makes an
 * {@link InternalError} of it wherever plain code reads or copies, but dies if vectors are loaded.
 */
public final class MappedFiles implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final List<Mapped> files = new CopyOnWriteArrayList<>();

  private record Mapped(Path path, long size, FileTime changed) {}

  /**
   * A file's bytes, valid until this is closed.
   *
   * @throws UserError if the file cannot be read
   */
  public MemorySegment map(Path path) {
    MemorySegment bytes = MappedFile.map(path, arena);
    try {
      files.add(new Mapped(path, bytes.byteSize(), attributes(path).lastModifiedTime()));
    } catch (IOException e) {
      throw new UserError(path + " cannot be read: " + e.getMessage() + ".", e);
    }
    return bytes;
  }

  /**
   * Checks that every file still is what was mapped.
   *
   * @throws UserError naming one that was changed, replaced or removed
   */
  public void requireUnchanged() {
    for (Mapped file : files) {
      BasicFileAttributes now;
      try {
        now = attributes(file.path());
      } catch (IOException e) {
        throw new UserError(file.path() + " was removed while it was in use.", e);
      }
      if (now.size() != file.size() || !now.lastModifiedTime().equals(file.changed())) {
        throw new UserError(
            file.path() + " was changed while it was in use.",
            "Wait until it is whole; try again.");
      }
    }
  }

  /** Names, sizes and times of change: the same as long as nobody wrote to the files. */
  public String stamp() {
    return files.stream()
        .map(file -> file.path().getFileName() + " " + file.size() + " " + file.changed() + "\n")
        .sorted()
        .collect(Collectors.joining());
  }

  private static BasicFileAttributes attributes(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class);
  }

  @Override
  public void close() {
    arena.close();
  }
}
