package phiquant.pipeline.study;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import phiquant.UserError;
import phiquant.publish.Publication;

/**
 * A finding for each weight, by its name, kept as a file of some kilobytes so that the next run
 * need not read all weights for it. Numbers are written so that they are the same when read.
 *
 * @param file named for the model and the study; empty: it is not kept
 * @param values what is found of a weight
 */
record KeptFinding<V>(Optional<Path> file, Class<V> values) {
  private static final JsonMapper JSON = new JsonMapper();

  /** What is kept, or else what is made. A file that cannot be read or written costs time only. */
  Map<String, V> orMake(Supplier<Map<String, V>> study) {
    Optional<Map<String, V>> known = file.filter(Files::exists).flatMap(this::read);
    return known.orElseGet(
        () -> {
          Map<String, V> finding = study.get();
          file.ifPresent(path -> write(path, finding));
          return finding;
        });
  }

  private Optional<Map<String, V>> read(Path path) {
    try {
      var type = JSON.getTypeFactory().constructMapType(TreeMap.class, String.class, values);
      return Optional.of(JSON.readValue(path.toFile(), type));
    } catch (IOException e) {
      return Optional.empty(); // Damaged, or of another version: made again.
    }
  }

  private void write(Path path, Map<String, V> finding) {
    try {
      Publication.write(path, JSON.writeValueAsString(new TreeMap<>(finding)), true);
    } catch (JsonProcessingException | UserError e) {
      // Another run writes it just now, or nothing can be written there.
    }
  }
}
