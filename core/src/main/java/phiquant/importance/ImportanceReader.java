package phiquant.importance;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.MappedFile;
import phiquant.engine.gguf.imatrix.ColumnSums;
import phiquant.engine.gguf.imatrix.Importance;
import phiquant.engine.gguf.imatrix.ImportanceMatrix;
import phiquant.engine.gguf.imatrix.ModelTraits;
import phiquant.engine.gguf.reader.GgufFile;
import phiquant.engine.gguf.reader.GgufTensor;

/**
 * Reads importance matrices as the sums that they are, to add to them. The older format of
 * llama-imatrix holds means, whose counts are of calls and not of inputs: it cannot be added to.
 */
final class ImportanceReader {
  private static final String SUMS = ".in_sum2";

  private ImportanceReader() {}

  /** A matrix, and the further keys of its file. */
  record Read(Importance importance, GgufFile header) {}

  /**
   * Reads a file.
   *
   * @throws UserError naming the file and what is wrong with it
   */
  static Read read(Path path) {
    ImportanceMatrix.read(path.toString()); // Refuses what is not sound.
    try (Arena arena = Arena.ofConfined()) {
      GgufFile file = GgufFile.read(path, MappedFile.map(path, arena));
      SortedMap<String, ColumnSums> entries = new TreeMap<>();
      for (GgufTensor tensor : file.tensors().values()) {
        if (tensor.name().endsWith(SUMS)) {
          String name = tensor.name().substring(0, tensor.name().length() - SUMS.length());
          float[] counts = floats(file.tensors().get(name + ".counts"));
          entries.put(name, new ColumnSums(floats(tensor), counts));
        }
      }
      List<String> datasets = file.list("imatrix.datasets").stream().map(String::valueOf).toList();
      int chunks = (int) file.number("imatrix.chunk_count");
      int size = (int) file.number("imatrix.chunk_size");
      return new Read(
          new Importance(ModelTraits.read(file), datasets, chunks, size, entries), file);
    }
  }

  private static float[] floats(GgufTensor tensor) {
    float[] floats = new float[Math.toIntExact(tensor.elements())];
    tensor.read(0, Math.toIntExact(tensor.rows()), floats, 0);
    return floats;
  }
}
