package phiquant.engine.gguf.imatrix;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import phiquant.engine.gguf.reader.GgufFile;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.quant.ggml.GgmlType;

/**
 * An importance matrix as a GGUF file: for each weight {@code NAME.in_sum2}, the sums of squares
 * [matrices, columns], and {@code NAME.counts}, how many each sum has, [matrices, 1]; both F32. A
 * count of zero means that nothing is known: every column counts one. Source: llama.cpp's
 * imatrix-loader.cpp, and quantize.cpp, which divides in f32.
 */
final class GgufImportance {
  private static final String SUMS = ".in_sum2";
  private static final String COUNTS = ".counts";

  private GgufImportance() {}

  static ImportanceMatrix read(String path, MemorySegment bytes) {
    GgufFile file = GgufFile.read(Path.of(path), bytes);
    Map<String, float[]> entries = new LinkedHashMap<>();
    file.tensors()
        .forEach(
            (name, tensor) -> {
              if (name.endsWith(SUMS)) {
                String weight = name.substring(0, name.length() - SUMS.length());
                entries.put(
                    weight, means(path, weight, tensor, file.tensors().get(weight + COUNTS)));
              }
            });
    if (entries.isEmpty()) {
      throw ImportanceMatrix.wrong(path, "it is a GGUF file without '*" + SUMS + "'");
    }
    List<String> datasets = file.list("imatrix.datasets").stream().map(String::valueOf).toList();
    Object chunks = file.metadata().get("imatrix.chunk_count");
    int count = chunks instanceof Long number ? Math.toIntExact(number & 0x7fffffff) : 0;
    return new ImportanceMatrix(path, ModelTraits.read(file), datasets, count, entries);
  }

  private static float[] means(String path, String weight, GgufTensor sums, GgufTensor counts) {
    if (counts == null) {
      throw ImportanceMatrix.wrong(path, "'" + weight + COUNTS + "' is missing");
    }
    if (sums.type() != GgmlType.F32 || counts.type() != GgmlType.F32) {
      throw ImportanceMatrix.wrong(path, "the numbers of '" + weight + "' are not F32");
    }
    float[] n = floats(counts);
    float[] means = floats(sums);
    if (n.length == 0 || means.length == 0 || means.length % n.length != 0) {
      throw ImportanceMatrix.wrong(
          path, "'" + weight + "' has " + means.length + " sums and " + n.length + " counts");
    }
    int columns = means.length / n.length;
    for (int i = 0; i < means.length; i++) {
      float count = Math.round((double) n[i / columns]);
      if (!Float.isFinite(n[i / columns]) || count < 0) {
        throw ImportanceMatrix.wrong(path, "'" + weight + "' counts " + n[i / columns] + " tokens");
      }
      // Sums without a count are looked at too, as they are.
      means[i] = count > 0 ? means[i] / count : means[i] >= 0 ? 1 : means[i];
    }
    return means;
  }

  private static float[] floats(GgufTensor tensor) {
    float[] floats = new float[Math.toIntExact(tensor.elements())];
    tensor.read(0, Math.toIntExact(tensor.rows()), floats, 0);
    return floats;
  }
}
