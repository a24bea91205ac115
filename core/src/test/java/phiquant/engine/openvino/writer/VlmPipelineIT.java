package phiquant.engine.openvino.writer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.PictureCase;
import phiquant.picture.Picture;
import phiquant.picture.Tiles;
import phiquant.run.Generation;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/**
 * A folder that sees in OpenVINO: its four models compute what the released code does, and OpenVINO
 * GenAI's VLMPipeline answers from it as it is.
 */
class VlmPipelineIT {
  private static final String DRIVER = "engines/openvino_vision_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /** Grids of one and two columns, two pictures, and both sides of longrope's original context. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  @Tag("slow")
  void featuresRowsAndLogitsEqualTheReleasedCodes(int number) throws IOException {
    PictureCase golden = PictureCase.number(number);
    Path folder = make(Fixtures.tiny("phi-3.5-vision"), "openvino:fp32");
    ObjectNode asked = JSON.createObjectNode();
    ArrayNode pictures = asked.putArray("pictures");
    List<Tiles> tiles = golden.tiles();
    for (int i = 0; i < tiles.size(); i++) {
      Path file = out.resolve("tiles-" + i);
      PictureCase.write(tiles.get(i), file);
      pictures
          .addObject()
          .put("tiles", file.toString())
          .put("rows", tiles.get(i).grid().rows())
          .put("columns", tiles.get(i).grid().columns());
    }
    ArrayNode ids = asked.putArray("ids");
    Arrays.stream(golden.ids()).forEach(ids::add);
    Path request = out.resolve("case.json");
    JSON.writeValue(request.toFile(), asked);
    List<JsonNode> logits = ask("logits", folder.toString(), request.toString(), out.toString());
    for (int i = 0; i < tiles.size(); i++) {
      golden.assertFeatures(i, out.resolve("features-" + i));
      golden.assertRows(i, out.resolve("rows-" + i));
    }
    golden.assertLogits(logits.getFirst());
  }

  /**
   * With both of its ways to attend it answers as our own engine, which is held against the
   * released code, to a picture that needs no resize (its own resize gives other pixels) and whose
   * grid of crops is a square.
   */
  @Test
  void answersToAPictureAsOurEngine() throws IOException {
    Path folder = make(Fixtures.tinyPhi35VisionCut(), "openvino:fp32");
    Picture picture = quarters(8, 16);
    String prompt = "<|user|>\n<|image_1|>\nDescribe this image.<|end|>\n<|assistant|>\n";
    Path pixels = out.resolve("pixels");
    Files.write(pixels, picture.rgb());
    String side = Integer.toString(picture.width());
    List<JsonNode> answers =
        ask("generate", folder.toString(), "8", prompt, side, side, pixels.toString());
    assertThat(answers).hasSize(2);
    try (Session session =
        Session.open(
            Checkpoints.open(Fixtures.tinyPhi35VisionCut()),
            RunOptions.exact(),
            OptionalInt.of(1024))) {
      int[] ids = session.prompt(prompt, List.of(picture));
      String ours = answer(session, ids);
      for (JsonNode answer : answers) {
        assertThat(answer.path("tokens").asInt()).isEqualTo(ids.length);
        assertThat(answer.path("text").asText()).isEqualTo(ours).isNotBlank();
      }
      int[] wide = session.prompt(prompt, List.of(upperHalf(picture)));
      assertThat(wide).hasSize(457 + ids.length - 757);
      Files.write(pixels, upperHalf(picture).rgb());
      String half = Integer.toString(picture.height() / 2);
      for (JsonNode other :
          ask("generate", folder.toString(), "1", prompt, side, half, pixels.toString())) {
        assertThat(other.path("tokens").asInt()).isEqualTo(wide.length + 12);
      }
      // It would be another answer if the crops stood elsewhere.
      int[] turned = session.prompt(prompt, List.of(quarters(16, 8)));
      assertThat(answer(session, turned)).isNotEqualTo(ours);
    }
  }

  private static String answer(Session session, int[] ids) {
    StringBuilder answer = new StringBuilder();
    session.generate(
        ids,
        new Generation(8, Sampling.GREEDY, List.of()),
        text -> {
          answer.append(text);
          return true;
        });
    return answer.toString();
  }

  private static Picture upperHalf(Picture picture) {
    byte[] half = Arrays.copyOf(picture.rgb(), picture.rgb().length / 2);
    return new Picture(picture.width(), picture.height() / 2, half);
  }

  /** Four shades of gray, so near that it hardly matters how a pixel between two is computed. */
  private static Picture quarters(int below, int beside) {
    int side = 672;
    byte[] rgb = new byte[3 * side * side];
    for (int i = 0; i < rgb.length; i++) {
      int row = i / 3 / side;
      int column = i / 3 % side;
      rgb[i] = (byte) (80 + below * (2 * row / side) + beside * (2 * column / side));
    }
    return new Picture(side, side, rgb);
  }

  private static List<JsonNode> ask(String... arguments) throws IOException {
    List<JsonNode> answers = new ArrayList<>();
    String output = Engines.run(Engines.python("openvino"), DRIVER, arguments);
    for (String line : output.lines().toList()) {
      answers.add(JSON.readTree(line));
    }
    return answers;
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
