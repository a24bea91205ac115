package phiquant.dist;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** A folder as {@code .tar.gz}, under its own name. */
final class Archive {
  private Archive() {}

  /** Writes the archive and returns its place. */
  static Path write(Path folder, Path archive) throws IOException {
    try (TarArchiveOutputStream tar =
        new TarArchiveOutputStream(
            new GZIPOutputStream(new BufferedOutputStream(Files.newOutputStream(archive))))) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      for (Path file : PackedFiles.of(folder)) {
        String name = folder.getFileName() + "/" + PackedFiles.name(folder, file);
        boolean link = Files.isSymbolicLink(file);
        TarArchiveEntry entry =
            link ? new TarArchiveEntry(name, TarConstants.LF_SYMLINK) : new TarArchiveEntry(name);
        entry.setModTime(PackedFiles.TIME * 1000);
        if (link) {
          entry.setLinkName(Files.readSymbolicLink(file).toString());
        } else {
          entry.setMode(PackedFiles.mode(file));
          entry.setSize(Files.size(file));
        }
        tar.putArchiveEntry(entry);
        if (!link) {
          Files.copy(file, tar);
        }
        tar.closeArchiveEntry();
      }
    }
    return archive;
  }
}
