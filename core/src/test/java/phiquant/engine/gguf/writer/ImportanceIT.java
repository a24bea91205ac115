package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.MappedFile;
import phiquant.engine.Checkpoints;
import phiquant.engine.gguf.reader.GgufFile;
import phiquant.engine.gguf.reader.GgufTensor;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engines.GgmlQuantizer;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.ManyLayers;
import phiquant.fixtures.MatrixFile;

/** Whole files with an importance matrix against llama_model_quantize's with the same. */
class ImportanceIT {
  @TempDir Path out;

  /** A matrix that llama.cpp's own collector made; its padded channels have sums of zero. */
  @Test
  void aFileOfASmallModelEqualsLlamaQuantizes() throws IOException {
    compareSmolPhi("Q4_0", "");
  }

  @ParameterizedTest
  @CsvSource({"Q4_K_M, imatrix-zeros", "IQ4_XS, ''"})
  @Tag("slow")
  void moreFilesOfASmallModelEqualLlamaQuantizes(String type, String option) throws IOException {
    compareSmolPhi(type, option);
  }

  private void compareSmolPhi(String type, String option) throws IOException {
    Path matrix = MatrixFile.collected(out);
    Map<String, float[]> means;
    try (Arena arena = Arena.ofConfined()) {
      means = means(GgufFile.read(matrix, MappedFile.map(matrix, arena)));
    }
    compare(
        Fixtures.smolPhiMixed(),
        type,
        matrix,
        means,
        Map.of("quantize.imatrix.dataset", "calib-docs.txt", "chunks", 16),
        option);
  }

  /** Some of the mixes that a matrix has a say in; llama-quantize takes its time for low bits. */
  @ParameterizedTest
  @CsvSource({"4, true, IQ2_XXS IQ4_NL Q4_0 Q5_0", "1, false, IQ3_XXS Q2_K_S Q4_K_M"})
  void someMixesEqualLlamaQuantizes(int kvHeads, boolean tied, String types) throws IOException {
    mixesEqualLlamaQuantizes(kvHeads, tied, types);
  }

  /** All of them, and the types that need one. */
  @ParameterizedTest
  @Tag("slow")
  @CsvSource({
    "4, true, IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ2_M IQ3_XXS IQ3_XS IQ3_S IQ3_M Q2_K_S",
    "4, true, Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K_S Q3_K_M Q4_K_S Q5_K_M Q6_K IQ4_NL IQ4_XS F16",
    "1, false, IQ1_S IQ2_XS IQ2_M IQ3_XXS IQ3_XS IQ3_M Q2_K_S Q2_K Q4_K_M IQ4_NL Q1_0 Q2_0",
  })
  void mixesEqualLlamaQuantizes(int kvHeads, boolean tied, String types) throws IOException {
    Path folder = ManyLayers.folder(kvHeads, tied);
    Map<String, float[]> means = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      means.putAll(MatrixFile.random(checkpoint));
    }
    Path matrix = MatrixFile.write(out.resolve("many.gguf"), means, 8);
    for (String type : types.split(" ")) {
      compare(folder, type, matrix, means, Map.of("chunks", 3), "");
    }
  }

  /** Each expert's rows are searched with the importance of its own columns. */
  @Test
  void filesOfAMixtureEqualLlamaQuantizes() throws IOException {
    compareMixture("Q4_K_M");
  }

  @ParameterizedTest
  @ValueSource(strings = {"IQ4_XS", "IQ2_XS"})
  @Tag("slow")
  void moreFilesOfAMixtureEqualLlamaQuantizes(String type) throws IOException {
    compareMixture(type);
  }

  private void compareMixture(String type) throws IOException {
    Map<String, float[]> means = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny("phi-moe"))) {
      means.putAll(MatrixFile.random(checkpoint));
    }
    Path matrix = MatrixFile.write(out.resolve("mixture.gguf"), means, 8);
    compare(Fixtures.tiny("phi-moe"), type, matrix, means, Map.of("chunks", 3), "");
  }

  /** Queries, keys and values apart, biases, a head of its own. */
  @Test
  void aFileOfAPhi2EqualsLlamaQuantizes() throws IOException {
    Path folder = Fixtures.tiny("phi-2");
    Map<String, float[]> means = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      means.putAll(MatrixFile.random(checkpoint));
    }
    Path matrix = MatrixFile.write(out.resolve("phi-2.gguf"), means, 8);
    compare(folder, "Q4_K_M", matrix, means, Map.of("chunks", 3), "");
  }

  /** The older format holds means times calls. */
  @Test
  void filesWithTheOlderFormatEqualLlamaQuantizes() throws IOException {
    Path folder = ManyLayers.folder(4, true);
    Map<String, float[]> means = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      means.putAll(MatrixFile.random(checkpoint));
    }
    Path matrix = MatrixFile.writeOld(out.resolve("many.dat"), means, 8);
    compare(
        folder,
        "Q4_K_M",
        matrix,
        means,
        Map.of("quantize.imatrix.dataset", "some text", "chunks", 3),
        "");
  }

  private void compare(
      Path folder,
      String type,
      Path matrix,
      Map<String, float[]> means,
      Map<String, Object> facts,
      String option)
      throws IOException {
    Path source = make(folder, "gguf:BF16,layout=convert");
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("quantize.imatrix.file", matrix.toString());
    if (facts.containsKey("quantize.imatrix.dataset")) {
      keys.put("quantize.imatrix.dataset", facts.get("quantize.imatrix.dataset"));
    }
    keys.put("quantize.imatrix.entries_count", means.size());
    keys.put("quantize.imatrix.chunks_count", facts.get("chunks"));
    Path theirs = out.resolve("theirs.gguf");
    GgmlQuantizer.quantize(source, theirs, GgufFileType.valueOf(type).id(), means, keys);
    String more = option.isEmpty() ? "" : "," + option;
    Path ours = make(folder, "gguf:" + type + ",imatrix=" + matrix + more);
    assertThat(Files.mismatch(ours, theirs)).as(type).isEqualTo(-1);
    Files.delete(ours);
  }

  /** Sums over counts, in f32. */
  private static Map<String, float[]> means(GgufFile file) {
    Map<String, float[]> means = new LinkedHashMap<>();
    for (GgufTensor tensor : file.tensors().values()) {
      if (tensor.name().endsWith(".in_sum2")) {
        String name = tensor.name().replace(".in_sum2", "");
        float[] count = new float[1];
        file.tensors().get(name + ".counts").read(0, 1, count, 0);
        float[] sums = new float[Math.toIntExact(tensor.columns())];
        tensor.read(0, 1, sums, 0);
        for (int i = 0; i < sums.length; i++) {
          sums[i] /= count[0];
        }
        means.put(name, sums);
      }
    }
    return means;
  }

  private Path make(Path folder, String spec) {
    try (Checkpoint checkpoint = Checkpoints.open(folder)) {
      return Quantize.of(checkpoint).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
