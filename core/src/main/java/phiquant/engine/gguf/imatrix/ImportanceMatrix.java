package phiquant.engine.gguf.imatrix;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.MappedFile;

/**
 * How strong the inputs of every weight are on a text: for each column the mean of the squares of
 * what is multiplied with it. Encoders that are told it spend their bits where they matter. Read
 * from what llama.cpp's llama-imatrix writes, now and in former times.
 *
 * @param file as it was named
 * @param model whose inputs they are, if it is said
 * @param datasets names of the texts, if they are said
 * @param chunks of text, 0 if it is not said
 * @param entries the means by llama.cpp's name of the weight, in the order of the file
 */
public record ImportanceMatrix(
    String file,
    Optional<ModelTraits> model,
    List<String> datasets,
    int chunks,
    Map<String, float[]> entries) {
  private static final int GGUF = 0x46554747;

  /**
   * Reads a matrix.
   *
   * @throws UserError naming the file and what is wrong with it
   */
  public static ImportanceMatrix read(String file) {
    Path path = Path.of(file);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = MappedFile.map(path, arena);
      boolean gguf =
          bytes.byteSize() >= 4
              && bytes.get(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED, 0) == GGUF;
      ImportanceMatrix matrix =
          gguf ? GgufImportance.read(file, bytes) : LegacyImportance.read(file, bytes);
      matrix.entries().forEach(matrix::check);
      return matrix;
    }
  }

  private void check(String name, float[] values) {
    for (int i = 0; i < values.length; i++) {
      if (!(values[i] >= 0) || values[i] == Float.POSITIVE_INFINITY) {
        throw wrong(file, "'" + name + "' has " + values[i] + " in column " + i);
      }
    }
  }

  static UserError wrong(String file, String fact) {
    return new UserError(
        file + " is not a sound importance matrix: " + fact + ".",
        "Make it again, with phiquant calibrate or llama-imatrix.");
  }
}
