package phiquant.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;

/** A checkpoint's files in a folder on the disk; what a link leads to nowhere is not there. */
record FolderFiles(Path path) implements CheckpointFiles {
  @Override
  public Set<String> names() {
    try (Stream<Path> files = Files.list(path)) {
      return files
          .filter(Files::exists)
          .map(file -> file.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    } catch (IOException e) {
      throw new UserError(path + " cannot be listed: " + e.getMessage() + ".", e);
    }
  }

  @Override
  public boolean has(String name) {
    return Files.exists(path.resolve(name));
  }

  @Override
  public Optional<byte[]> read(String name) {
    return CompanionFiles.read(path, name);
  }
}
