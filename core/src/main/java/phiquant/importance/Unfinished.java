package phiquant.importance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import phiquant.UserError;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.engine.gguf.reader.GgufFile;
import phiquant.engine.gguf.writer.ImportanceFile;

/**
 * What a calibration leaves beside its output now and then, so that after it was killed the next
 * goes on where it was: the matrix of the layers that are done, and what goes into the next layer.
 * The matrix names the layer, so it is written after the other, in one step.
 */
final class Unfinished {
  private static final String MODEL = "phiquant.model";
  private static final String TEXT = "phiquant.text";
  private static final String LAYERS = "phiquant.layers";

  private final Path folder;
  private final String model;
  private final String text;
  private final Duration every;
  private long saved = System.nanoTime();

  /**
   * Of an output.
   *
   * @param model tells this checkpoint from others
   * @param text tells this text from others, and how it is cut
   * @param every how often it is worth the time
   */
  Unfinished(Path output, String model, String text, Duration every) {
    Path place = output.toAbsolutePath();
    this.folder = place.resolveSibling("." + place.getFileName() + ".unfinished");
    this.model = model;
    this.text = text;
    this.every = every;
  }

  /**
   * Takes up what a run that was killed has left.
   *
   * @param entries gets the sums of the layers that are done
   * @return how many layers are done
   * @throws UserError if it was of another checkpoint or text
   */
  int resume(Stream stream, SortedMap<String, ColumnSums> entries) throws IOException {
    if (!Files.exists(matrix())) {
      return 0;
    }
    ImportanceReader.Read before = ImportanceReader.read(matrix());
    refuseOther(before.header());
    int layers = Integer.parseInt(before.header().text(LAYERS));
    if (!Files.exists(stream(layers)) || !stream.load(stream(layers))) {
      return 0;
    }
    entries.putAll(before.importance().entries());
    return layers;
  }

  private void refuseOther(GgufFile header) {
    String other =
        !model.equals(header.text(MODEL))
            ? "checkpoint"
            : !text.equals(header.text(TEXT)) ? "text" : null;
    if (other != null) {
      throw new UserError(
          "%s is of a calibration that was not finished, with another %s.".formatted(folder, other),
          "Finish that one first, delete the folder, or choose another output.");
    }
  }

  /** Keeps how far it is, if it was not kept for a while. */
  void save(int layers, Stream stream, Importance sums) throws IOException {
    if (System.nanoTime() - saved < every.toNanos()) {
      return;
    }
    Files.createDirectories(folder);
    stream.save(stream(layers));
    Map<String, String> keys = Map.of(MODEL, model, TEXT, text, LAYERS, "" + layers);
    Path written = folder.resolve("matrix.new");
    Files.write(written, ImportanceFile.bytes(sums, keys));
    Files.move(written, matrix(), StandardCopyOption.ATOMIC_MOVE);
    for (Path each : files()) {
      if (!each.equals(matrix()) && !each.equals(stream(layers)) && !each.equals(large())) {
        Files.delete(each);
      }
    }
    saved = System.nanoTime();
  }

  /** Where a stream goes that is too large for memory. */
  Path large() {
    return folder.resolve("stream");
  }

  /** Forgets it all, for the output is there. */
  void remove() throws IOException {
    if (Files.exists(folder)) {
      for (Path each : files()) {
        Files.delete(each);
      }
      Files.delete(folder);
    }
  }

  private List<Path> files() throws IOException {
    try (java.util.stream.Stream<Path> files = Files.list(folder)) {
      return files.sorted(Comparator.naturalOrder()).toList();
    }
  }

  private Path matrix() {
    return folder.resolve("matrix.gguf");
  }

  private Path stream(int layers) {
    return folder.resolve("stream-" + layers);
  }
}
