package phiquant.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.engine.gguf.GgufFileName;

/**
 * Bytes that an artifact takes on disk: a folder's files, or a file and the parts it is split into.
 */
final class ArtifactSize {
  private ArtifactSize() {}

  static long of(Path artifact) {
    Path folder = Files.isDirectory(artifact) ? artifact : artifact.toAbsolutePath().getParent();
    String name = artifact.getFileName().toString();
    long bytes = 0;
    for (Path file : files(folder)) {
      String other = file.getFileName().toString();
      boolean part =
          Files.isDirectory(artifact) || other.equals(name) || GgufFileName.isPartOf(name, other);
      bytes += part ? size(file) : 0;
    }
    return bytes;
  }

  private static List<Path> files(Path folder) {
    try (Stream<Path> files = Files.walk(folder.toRealPath(), 4)) {
      return files.filter(Files::isRegularFile).toList();
    } catch (IOException e) {
      throw new UserError(folder + " cannot be listed: " + e.getMessage() + ".", e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
    }
  }
}
