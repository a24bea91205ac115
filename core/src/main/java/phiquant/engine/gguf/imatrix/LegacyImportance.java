package phiquant.engine.gguf.imatrix;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An importance matrix as llama-imatrix wrote it before GGUF, little-endian: the number of entries;
 * for each the length of its name, the name, how many calls, how many numbers, the numbers as f32
 * (means times calls); then perhaps the number of chunks and the text's name. Source: llama.cpp's
 * imatrix-loader.cpp.
 */
final class LegacyImportance {
  private final String file;
  private final MemorySegment bytes;
  private long position;

  private LegacyImportance(String file, MemorySegment bytes) {
    this.file = file;
    this.bytes = bytes;
  }

  static ImportanceMatrix read(String file, MemorySegment bytes) {
    return new LegacyImportance(file, bytes).read();
  }

  private ImportanceMatrix read() {
    int count = number("entries", 12);
    if (count == 0) {
      throw ImportanceMatrix.wrong(file, "it has no entries");
    }
    Map<String, float[]> entries = new LinkedHashMap<>();
    for (int i = 0; i < count; i++) {
      String name = text();
      int calls = number("calls", 0);
      float[] values = new float[number("columns of '" + name + "'", 4)];
      MemorySegment.copy(bytes, JAVA_FLOAT_UNALIGNED, position, values, 0, values.length);
      position += 4L * values.length;
      for (int c = 0; c < values.length && calls > 0; c++) {
        values[c] /= calls;
      }
      if (values.length == 0 || entries.put(name, values) != null) {
        throw ImportanceMatrix.wrong(file, "'" + name + "' is empty or there twice");
      }
    }
    int chunks = position < bytes.byteSize() ? number("chunks", 0) : 0;
    List<String> datasets = position < bytes.byteSize() ? List.of(text()) : List.of();
    return new ImportanceMatrix(file, Optional.empty(), datasets, chunks, entries);
  }

  /** A number of things that each take some bytes at least, and fit. */
  private int number(String what, int bytesEach) {
    if (bytes.byteSize() - position < 4) {
      throw ImportanceMatrix.wrong(file, "it ends where a number of " + what + " should be");
    }
    int number = bytes.get(JAVA_INT_UNALIGNED, position);
    position += 4;
    if (number < 0 || (long) number * bytesEach > bytes.byteSize() - position) {
      throw ImportanceMatrix.wrong(
          file, "it is neither GGUF nor llama.cpp's older format (" + number + " " + what + ")");
    }
    return number;
  }

  private String text() {
    int length = number("letters", 1);
    byte[] text = bytes.asSlice(position, length).toArray(JAVA_BYTE);
    position += length;
    return new String(text, StandardCharsets.UTF_8);
  }
}
