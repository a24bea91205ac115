package phiquant.trust;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a user might be given: the files of a model while mutators change them, and what they did.
 */
final class Input {
  /** Contents by name; null is a folder of that name. */
  final Map<String, byte[]> files;

  /** Files that are longer than their contents, as the file system keeps zeros without storing. */
  final Map<String, Long> lengths = new TreeMap<>();

  /** What was changed, for people. */
  final List<String> changes = new ArrayList<>();

  /** Which of the family it is made of. */
  final TinyKind kind;

  Input(TinyKind kind, Map<String, byte[]> files) {
    this.kind = kind;
    this.files = new TreeMap<>(files);
  }

  /** Notes a change. */
  void changed(String format, Object... facts) {
    String text = String.format(format, facts);
    changes.add(text.length() <= 200 ? text : text.substring(0, 200) + "…");
  }

  /**
   * Writes the files into a new folder.
   *
   * @return what to give to a command: the folder, or the only GGUF file in it
   */
  Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      if (file.getValue() == null) {
        Files.createDirectory(path);
        continue;
      }
      Files.write(path, file.getValue());
      if (lengths.getOrDefault(file.getKey(), 0L) > file.getValue().length) {
        try (RandomAccessFile longer = new RandomAccessFile(path.toFile(), "rw")) {
          longer.setLength(lengths.get(file.getKey()));
        }
      }
    }
    return files.containsKey("model.gguf") ? folder.resolve("model.gguf") : folder;
  }
}
