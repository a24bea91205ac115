package phiquant.engine.openvino.reader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Pictures;
import phiquant.model.Weight;
import phiquant.model.phi.Family;
import phiquant.model.vision.Vision;
import phiquant.run.Generation;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/** A folder of four graphs opened as the checkpoint that it was made of. */
class SeeingFolderTest {
  @TempDir Path out;

  /** In 32-bit floats they are the checkpoint's numbers; positions have a sum in the first row. */
  @Test
  void allThatIsUsedIsFound() {
    try (Checkpoint original = Checkpoints.open(Fixtures.tinyPhi35VisionCut());
        Checkpoint ir = Checkpoints.open(make("openvino:fp32"))) {
      Vision vision = Family.model(original).vision().orElseThrow();
      Vision found = Family.model(ir).vision().orElseThrow();
      assertThat(found.unused()).isEmpty();
      assertThat(names(found)).isEqualTo(names(vision));
      assertThat(found.tower().blocks()).hasSize(2);
      for (Weight weight : vision.weights()) {
        StoredTensor tensor = ir.tensors().get(weight.name());
        assertThat(tensor.elements()).isEqualTo(weight.tensor().elements());
        if (!weight.name().contains(".embeddings.class")) {
          long last = weight.tensor().rows() - 1;
          assertThat(row(tensor, tensor.rows() - 1, (int) weight.tensor().columns()))
              .as(weight.name())
              .containsExactly(row(weight.tensor(), last, (int) weight.tensor().columns()));
        }
      }
      float[] positions = row(found.tower().positions().tensor(), 0, 1024);
      assertThat(positions).containsExactly(row(vision.tower().positions().tensor(), 0, 1024));
    }
  }

  private static List<String> names(Vision vision) {
    return vision.weights().stream().map(Weight::name).toList();
  }

  /**
   * The end of a row: a matrix of the file may be a tensor of more dimensions in the checkpoint.
   */
  private static float[] row(StoredTensor tensor, long row, int count) {
    float[] values = new float[(int) tensor.columns()];
    tensor.read(row, 1, values, 0);
    return java.util.Arrays.copyOfRange(values, values.length - count, values.length);
  }

  /** Our engine answers from the folder as from the checkpoint; with 8 and 4 bits it answers. */
  @Test
  void answersToAPicture() {
    String right = answer(Fixtures.tinyPhi35VisionCut());
    assertThat(answer(make("openvino:fp32"))).isEqualTo(right).isNotBlank();
    assertThat(answer(make("openvino:int4"))).isNotBlank();
  }

  private static String answer(Path folder) {
    try (Session session =
        Session.open(Checkpoints.open(folder), RunOptions.exact(), OptionalInt.of(1024))) {
      StringBuilder answer = new StringBuilder();
      session.generate(
          session.prompt("<|image_1|>What is it?", List.of(Pictures.ramps(300, 1000))),
          new Generation(3, Sampling.GREEDY, List.of()),
          text -> {
            answer.append(text);
            return true;
          });
      return answer.toString();
    }
  }

  /** A vision tower in 8 bits is near the checkpoint's. */
  @Test
  void eightBitsAreNear() {
    try (Checkpoint original = Checkpoints.open(Fixtures.tinyPhi35VisionCut());
        Checkpoint ir = Checkpoints.open(make("openvino:int4"))) {
      String name =
          "model.vision_embed_tokens.img_processor.vision_model.encoder.layers.1.mlp.fc1.weight";
      StoredTensor stored = ir.tensors().get(name);
      assertThat(stored.format()).isEqualTo("int8 asym row");
      float[] right = row(original.tensors().get(name), 5, 1024);
      float[] near = row(stored, 5, 1024);
      float largest = 0;
      for (float value : right) {
        largest = Math.max(largest, Math.abs(value));
      }
      for (int i = 0; i < right.length; i++) {
        // Half a step of 255 between the largest and the least, and the scale's rounding.
        assertThat(near[i]).isCloseTo(right[i], within(2 * largest / 255 * 0.6f));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "openvino_vision_embeddings_model.xml, has no openvino_vision_embeddings_model.xml",
    "openvino_text_embeddings_model.bin, openvino_text_embeddings_model.bin",
  })
  void aFileThatIsMissingIsNamed(String file, String says) throws IOException {
    Path folder = make("openvino:int4");
    Files.delete(folder.resolve(file));
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(says);
  }

  @Test
  void vectorsThatAreNoneAreNamed() throws IOException {
    Path folder = make("openvino:int4");
    Path config = folder.resolve("config.json");
    String text = Files.readString(config);
    Files.writeString(config, text.replace("\"sub_GN\"", "\"other\""));
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("config.json: sub_GN is missing");
    Files.writeString(config, text.replaceFirst("(?s)(\"glb_GN\"[^-0-9]*)[-.0-9Ee]+", "$1{}"));
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("config.json: glb_GN has something else than numbers");
  }

  private Path make(String spec) {
    try (Checkpoint source = Checkpoints.open(Fixtures.tinyPhi35VisionCut())) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
