package phiquant.engine.mlx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Pictures;
import phiquant.model.phi.Family;
import phiquant.picture.Picture;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.Session;

/** Our folders that see in the real mlx-vlm, on the CPU. */
class MlxVlmIT {
  private static final String DRIVER = "engines/mlx_vlm_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /**
   * mlx-vlm loads the folder, processor and all (which drops two tokens after each picture), and
   * its decoder has the logits that our engine computes from the same folder.
   */
  @Test
  void mlxVlmLoadsOurFolder() throws IOException {
    Path folder = make("mlx:8bit");
    int[] text = {1, 32010, 29871, 13, 4002, 29581, 445, 1967, 29889, 32007, 29871, 13, 32001};
    JsonNode theirs = ask("logits", folder.toString(), write(JSON.createObjectNode(), text));
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(folder), RunOptions.exact())) {
      float[] ours = model.logits(text, model.cache(text.length));
      assertThat(theirs).hasSize(ours.length);
      for (int i = 0; i < ours.length; i += 97) {
        assertThat(theirs.path(i).asDouble()).isCloseTo(ours[i], within(1e-3));
      }
    }
    String prompt = "<|user|>\n<|image_1|>\nDescribe.<|end|>\n<|assistant|>\n";
    assertThat(ask("tokens", folder.toString(), prompt, "300", "1000").asInt())
        .isEqualTo(tokens(folder, prompt) - 2);
  }

  private static int tokens(Path folder, String prompt) {
    try (Session session =
        Session.open(Checkpoints.open(folder), RunOptions.exact(), OptionalInt.of(1024))) {
      Picture picture = Pictures.ramps(300, 1000);
      return session.prompt(prompt, List.of(picture)).length;
    }
  }

  /** What was turned for MLX is turned back: patches' pixels go in a color after the other. */
  @Test
  void whatSeesIsReadAgain() {
    try (Checkpoint original = Checkpoints.open(Fixtures.tiny("phi-3.5-vision"));
        Checkpoint decoded = Checkpoints.open(make("mlx:4bit"))) {
      StoredTensor right = Family.model(original).vision().orElseThrow().tower().patches().matrix();
      StoredTensor patches =
          Family.model(decoded).vision().orElseThrow().tower().patches().matrix();
      float[] expected = new float[7 * 588];
      float[] values = new float[7 * 588];
      right.read(1000, 7, expected, 0);
      patches.read(1000, 7, values, 0);
      assertThat(values).containsExactly(expected);
    }
  }

  @Test
  void aTowerThatMlxVlmDoesNotKnowIsRefused() {
    assertThatThrownBy(() -> MlxArtifact.make(Fixtures.tinyPhi35VisionCut(), out, "mlx:4bit"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("loads a vision tower of 24 layers")
        .hasMessageContaining("has 2 that are used");
    assertThatThrownBy(
            () -> MlxArtifact.make(Fixtures.tiny("phi-3.5-vision"), out, "mlx:4bit,rope=short"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("mlx-vlm switches longrope's factors itself");
  }

  private String write(ObjectNode asked, int[] ids) throws IOException {
    if (!asked.has("pictures")) {
      asked.putArray("pictures");
    }
    Arrays.stream(ids).forEach(asked.withArray("ids")::add);
    Path request = out.resolve("case.json");
    JSON.writeValue(request.toFile(), asked);
    return request.toString();
  }

  private Path make(String spec) {
    return MlxArtifact.make(Fixtures.tiny("phi-3.5-vision"), out, spec).get(spec);
  }

  private static JsonNode ask(String... arguments) throws IOException {
    return JSON.readTree(Engines.run(Engines.python("mlx-vlm"), DRIVER, arguments));
  }
}
