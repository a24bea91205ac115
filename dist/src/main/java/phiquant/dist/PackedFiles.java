package phiquant.dist;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder's files in the order and with the times that make the same archive of the same files.
 * Java's licences are there once and linked to elsewhere; an archive that knows no links has them
 * several times.
 */
final class PackedFiles {
  /** 1 January 2026, in seconds. */
  static final long TIME = 1767225600;

  private PackedFiles() {}

  /** The folder's files and links, sorted by name. */
  static List<Path> of(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> !Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .toList();
    }
  }

  /** A file's mode as Unix has it, a regular file's bit included. */
  static int mode(Path file) {
    return Files.isExecutable(file) ? 0100755 : 0100644;
  }

  /** A name in the archive, whatever separates names here. */
  static String name(Path folder, Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }
}
