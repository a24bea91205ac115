package phiquant.engine.gguf.imatrix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.fixtures.ManyLayers;
import phiquant.fixtures.MatrixFile;

/** What matrices may be, and what is said of those that are not sound or not of this model. */
class ImportanceMatrixTest {
  @TempDir Path folder;

  /** The collector's own figures: sums and counts as the GGUF file has them. */
  @Test
  void whatLlamaCppCollectedIsReadAsMeans() throws IOException {
    ImportanceMatrix matrix = ImportanceMatrix.read(MatrixFile.collected(folder).toString());
    assertThat(matrix.entries()).hasSize(120);
    assertThat(matrix.datasets()).containsExactly("calib-docs.txt");
    assertThat(matrix.chunks()).isEqualTo(16);
    float[] first = matrix.entries().get("blk.0.attn_output.weight");
    assertThat(first).hasSize(768);
    assertThat(Arrays.copyOfRange(first, 576, 768)).containsOnly(0f);
  }

  @Test
  void unsoundMatricesAreRefusedByEntryAndColumn() throws IOException {
    assertThat(refused(with("blk.3.ffn_down.weight.in_sum2", v -> v[7] = Float.NaN)))
        .contains("'blk.3.ffn_down.weight' has NaN in column 7");
    assertThat(refused(with("blk.3.ffn_down.weight.in_sum2", v -> v[0] = -1)))
        .contains("'blk.3.ffn_down.weight' has -0.125 in column 0");
    assertThat(
            refused(with("blk.3.ffn_down.weight.in_sum2", v -> v[255] = Float.POSITIVE_INFINITY)))
        .contains("has Infinity in column 255");
    assertThat(refused(with("blk.0.attn_qkv.weight.counts", v -> v[0] = -2)))
        .contains("'blk.0.attn_qkv.weight' counts -2.0 tokens");
  }

  @Test
  void matricesOfOtherModelsAreRefusedByName() throws IOException {
    Map<String, float[]> missing = tensors();
    missing.remove("blk.7.ffn_up.weight.in_sum2");
    assertThat(refused(missing)).contains("it has nothing for 'blk.7.ffn_up.weight'");
    Map<String, float[]> lonely = tensors();
    lonely.remove("blk.7.ffn_up.weight.counts");
    assertThat(refused(lonely)).contains("'blk.7.ffn_up.weight.counts' is missing");
    Map<String, float[]> more = tensors();
    more.put("blk.8.ffn_up.weight.in_sum2", new float[256]);
    more.put("blk.8.ffn_up.weight.counts", new float[1]);
    assertThat(refused(more)).contains("it has 'blk.8.ffn_up.weight', which the model has not");
    Map<String, float[]> shorter = tensors();
    shorter.put("blk.2.attn_output.weight.in_sum2", new float[255]);
    assertThat(refused(shorter))
        .contains("it has 255 columns for 'blk.2.attn_output.weight', which has 256");
  }

  @Test
  void filesOfOtherKindsAreRefused() throws IOException {
    Path text = Files.writeString(folder.resolve("text"), "This is no matrix.");
    assertThat(refused("IQ2_M", text)).contains("is neither GGUF nor llama.cpp's older format");
    Path none = MatrixFile.writeTensors(folder.resolve("none.gguf"), Map.of("a", new float[1]));
    assertThat(refused("IQ2_M", none)).contains("it is a GGUF file without '*.in_sum2'");
    assertThat(refused("IQ2_M", folder.resolve("nowhere"))).contains("nowhere");
  }

  @Test
  void lowBitTypesWithoutAMatrixSayHowToMakeOne() {
    for (String type : "IQ1_S IQ1_M IQ2_XXS IQ2_XS IQ2_S IQ2_M IQ3_XXS IQ3_XS".split(" ")) {
      assertThat(refused(type, null)).contains("--imatrix FILE").contains("llama-imatrix");
    }
    assertThat(refused("Q4_K_M,tensor-type=ffn_up=IQ2_XS", null))
        .contains("IQ2_XS is garbage without an importance matrix")
        .contains("'blk.0.ffn_up.weight'");
  }

  @Test
  void columnsOfWhichNothingIsKnownAreSaidAndCountOne() throws IOException {
    Map<String, float[]> tensors = tensors();
    Arrays.fill(tensors.get("blk.1.ffn_down.weight.in_sum2"), 32, 48, 0);
    Path matrix = MatrixFile.writeTensors(folder.resolve("zeros.gguf"), tensors);
    ArtifactPlan plan = plan("Q4_K_M", matrix);
    assertThat(plan.notes().get(0))
        .contains("says nothing of some columns of 1 tensors (blk.1.ffn_down.weight)");
    assertThat(plan("Q4_K_M,imatrix-zeros", matrix).notes()).isEmpty();
  }

  private Map<String, float[]> tensors() {
    Map<String, float[]> tensors = new LinkedHashMap<>();
    try (Checkpoint checkpoint = Checkpoints.open(ManyLayers.folder(4, true))) {
      MatrixFile.random(checkpoint)
          .forEach(
              (name, values) -> {
                tensors.put(name + ".in_sum2", values);
                tensors.put(name + ".counts", new float[] {8});
              });
    }
    return tensors;
  }

  private Map<String, float[]> with(String tensor, Consumer<float[]> change) {
    Map<String, float[]> tensors = tensors();
    change.accept(tensors.get(tensor));
    return tensors;
  }

  private String refused(Map<String, float[]> tensors) throws IOException {
    return refused("Q4_K_M", MatrixFile.writeTensors(folder.resolve("bad.gguf"), tensors));
  }

  private static String refused(String type, Path matrix) {
    String[] message = new String[1];
    assertThatThrownBy(() -> plan(type, matrix))
        .isInstanceOf(UserError.class)
        .satisfies(error -> message[0] = error.getMessage());
    assertThat(message[0]).doesNotContain("\n");
    return message[0];
  }

  private static ArtifactPlan plan(String type, Path matrix) {
    try (Checkpoint checkpoint = Checkpoints.open(ManyLayers.folder(4, true))) {
      String option = matrix == null ? "" : ",imatrix=" + matrix;
      return Quantize.of(checkpoint).to("gguf:" + type + option).plan().get(0);
    }
  }
}
