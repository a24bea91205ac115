package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.PictureCase;
import phiquant.fixtures.Pictures;
import phiquant.picture.CropGrid;
import phiquant.picture.Picture;
import phiquant.picture.Tiles;
import phiquant.run.ShownTiles;

/**
 * A Phi-3.5-vision in the real ONNX Runtime: our graphs, shown what the released processor makes of
 * pictures, compute what the released code does; and GenAI answers with its own processor.
 */
class OnnxVisionIT {
  private static final String DRIVER = "engines/onnx_vision_driver.py";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TILE = 3 * CropGrid.SIDE * CropGrid.SIDE;

  @TempDir Path out;

  /** The tower has its released size, in which there are goldens: some seconds for each tile. */
  @Test
  void graphsComputeWhatTheReleasedCodeDoes() throws IOException {
    assertCase(make(Fixtures.tiny("phi-3.5-vision"), "onnx:fp32"), 3);
  }

  /** With two pictures, with more crops, and beyond longrope's original context. */
  @Test
  @Tag("slow")
  void soDoTheyForTheOtherPrompts() throws IOException {
    Path folder = make(Fixtures.tiny("phi-3.5-vision"), "onnx:fp32");
    for (int number = 0; number < 8; number++) {
      assertCase(folder, number);
    }
  }

  private void assertCase(Path folder, int number) throws IOException {
    PictureCase pictures = PictureCase.number(number);
    JsonNode answer = fed(folder, pictures.ids(), pictures.tiles(), 1);
    float[] rows = floats(out.resolve("features"));
    int from = 0;
    for (int i = 0; i < pictures.tiles().size(); i++) {
      int length = rows.length / tokens(pictures.tiles()) * pictures.tiles().get(i).grid().tokens();
      Path own = out.resolve("rows");
      ByteBuffer bytes = ByteBuffer.allocate(4 * length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asFloatBuffer().put(rows, from, length);
      Files.write(own, bytes.array());
      pictures.assertRows(i, own);
      from += length;
    }
    assertThat(from).isEqualTo(rows.length);
    pictures.assertLogits(answer.path("last"));
  }

  private static int tokens(List<Tiles> pictures) {
    return pictures.stream().mapToInt(tiles -> tiles.grid().tokens()).sum();
  }

  /**
   * Two pictures of other forms, of a tower that was cut: what the graphs choose is what our own
   * engine chooses, also from the folder that they are in.
   */
  @Test
  void anyPicturesGoThroughTheSameGraphs() throws IOException {
    Path checkpoint = Fixtures.tinyPhi35VisionCut();
    Path folder = make(checkpoint, "onnx:fp32");
    List<Tiles> pictures =
        List.of(
            Tiles.of(Pictures.ramps(500, 130), 6, Tiles.Scale.CLIP),
            Tiles.of(Pictures.noise(70, 200), 4, Tiles.Scale.CLIP));
    assertThat(pictures.get(0).grid().rows()).isNotEqualTo(pictures.get(0).grid().columns());
    List<Integer> ids = new ArrayList<>(List.of(1, 32010, 29871, 13));
    ids.addAll(IntStream.range(0, pictures.get(0).grid().tokens()).mapToObj(i -> -1).toList());
    ids.addAll(List.of(1, 13));
    ids.addAll(IntStream.range(0, pictures.get(1).grid().tokens()).mapToObj(i -> -2).toList());
    ids.addAll(List.of(1, 4002, 29581, 32007, 32001));
    int[] prompt = ids.stream().mapToInt(Integer::intValue).toArray();
    JsonNode answer = fed(folder, prompt, pictures, 6);
    int[] chosen = ids(answer.path("chosen"));
    assertThat(chosen).containsExactly(ShownTiles.chosen(checkpoint, prompt, pictures, 6));
    assertThat(chosen).containsExactly(ShownTiles.chosen(folder, prompt, pictures, 6));
  }

  /** From files of pictures to tokens: what it chooses is what we choose of what it prepares. */
  @ParameterizedTest
  @ValueSource(strings = {"onnx:fp32", "onnx:fp32,device=cuda"})
  void genAiAnswersFromPictures(String spec) throws IOException {
    Path checkpoint = Fixtures.tinyPhi35VisionCut();
    Picture picture = Pictures.noise(250, 100);
    JsonNode answer = genAi(make(checkpoint, spec), picture, 6);
    List<Tiles> seen = tiles(answer.path("grids"));
    int[] prompt = ids(answer.path("ids"));
    assertThat(ids(answer.path("chosen")))
        .containsExactly(ShownTiles.chosen(checkpoint, prompt, seen, 6));

    // As docs/vision.md says of its processor: up to 16 crops, no <s>, another whole.
    Tiles ours = Tiles.of(picture, 16, Tiles.Scale.CLIP);
    assertThat(seen.getFirst().grid().rows()).isEqualTo(ours.grid().rows());
    assertThat(seen.getFirst().grid().columns()).isEqualTo(ours.grid().columns());
    assertThat(prompt).doesNotContain(1);
    for (int i = 1; i < ours.all().size(); i++) {
      assertThat(difference(seen.getFirst().all().get(i), ours.all().get(i))).isLessThan(0.02);
    }
    assertThat(difference(seen.getFirst().all().get(0), ours.all().get(0))).isBetween(0.01, 0.2);
  }

  /** What is quantized answers too, and nearly the same. */
  @ParameterizedTest
  @ValueSource(strings = {"onnx:int4", "onnx:fp16"})
  void quantizedOnesAnswer(String spec) throws IOException {
    assertAnswers(spec);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx:int8",
        "onnx:int4,use_qdq",
        "onnx:mobile",
        "onnx:int4,vision=float",
        "onnx:int4,vision=int4,block_size=128,is_symmetric=false",
        "onnx:int4,device=dml"
      })
  @Tag("slow")
  void soDoOtherForms(String spec) throws IOException {
    assertAnswers(spec);
  }

  private void assertAnswers(String spec) throws IOException {
    Path folder = make(Fixtures.tinyPhi35VisionCut(), spec);
    JsonNode answer = genAi(folder, Pictures.ramps(250, 100), 2);
    assertThat(answer.path("last")).hasSize(32064);
    assertThat(answer.path("last").path(5).asDouble()).isFinite();
    try (Checkpoint ours = Checkpoints.open(folder)) {
      assertThat(ours.tensors()).containsKey("model.vision_embed_tokens.glb_GN");
    }
  }

  private static double difference(float[] a, float[] b) {
    return IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i] - b[i])).average().orElse(9);
  }

  @Test
  void whatDoesNotFitAModelThatSeesIsRefused() {
    for (String spec :
        List.of(
            "onnx:int4,device=npu",
            "onnx:int4,exclude_embeds",
            "onnx:fp32,exclude_lm_head",
            "onnx:int8,activations=static")) {
      assertThatThrownBy(() -> make(Fixtures.tinyPhi35VisionCut(), spec))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("a model that sees is several graphs that fit each other");
    }
    assertThatThrownBy(() -> make(Fixtures.tinyPhi35Mini(), "onnx:fp32,vision=int8"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("vision= is for models that see");
  }

  private JsonNode fed(Path folder, int[] ids, List<Tiles> pictures, int count) throws IOException {
    ObjectNode order = JSON.createObjectNode();
    for (Tiles tiles : pictures) {
      Path file = out.resolve("tiles-" + order.withArray("pictures").size());
      PictureCase.write(tiles, file);
      order
          .withArray("pictures")
          .addObject()
          .put("tiles", file.toString())
          .put("rows", tiles.grid().rows())
          .put("columns", tiles.grid().columns());
    }
    IntStream.of(ids).forEach(order.withArray("ids")::add);
    order.put("features", out.resolve("features").toString()).put("count", count);
    return ask("fed", folder, order);
  }

  private JsonNode genAi(Path folder, Picture picture, int count) throws IOException {
    Path png = out.resolve("picture.png");
    BufferedImage image =
        new BufferedImage(picture.width(), picture.height(), BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < picture.width() * picture.height(); i++) {
      int red = picture.rgb()[3 * i] & 0xff;
      int green = picture.rgb()[3 * i + 1] & 0xff;
      int blue = picture.rgb()[3 * i + 2] & 0xff;
      image.setRGB(i % picture.width(), i / picture.width(), red << 16 | green << 8 | blue);
    }
    ImageIO.write(image, "png", png.toFile());
    ObjectNode order = JSON.createObjectNode();
    order.withArray("images").add(png.toString());
    order.put("prompt", "<|user|>\n<|image_1|>\nDescribe this image.<|end|>\n<|assistant|>\n");
    order.put("tiles", out.resolve("tiles").toString()).put("count", count);
    return ask("genai", folder, order);
  }

  /** What GenAI's processor has written, without what it fills up with. */
  private List<Tiles> tiles(JsonNode grids) throws IOException {
    float[] all = floats(out.resolve("tiles"));
    List<Tiles> pictures = new ArrayList<>();
    for (JsonNode grid : grids) {
      int rows = grid.path(0).asInt();
      int columns = grid.path(1).asInt();
      int from = pictures.size() * 17 * TILE;
      List<float[]> tiles = new ArrayList<>();
      for (int i = 0; i <= rows * columns; i++) {
        tiles.add(java.util.Arrays.copyOfRange(all, from + i * TILE, from + (i + 1) * TILE));
      }
      int wide = columns * CropGrid.SIDE;
      int high = rows * CropGrid.SIDE;
      pictures.add(new Tiles(new CropGrid(false, wide, high, high), "" + from, tiles));
    }
    return pictures;
  }

  private JsonNode ask(String what, Path folder, ObjectNode order) throws IOException {
    Path file = out.resolve("order.json");
    Files.writeString(file, order.toString());
    String answer =
        Engines.run(Engines.python("onnx"), DRIVER, what, folder.toString(), file.toString());
    return JSON.readTree(answer);
  }

  private static int[] ids(JsonNode list) {
    return IntStream.range(0, list.size()).map(i -> list.path(i).asInt()).toArray();
  }

  private static float[] floats(Path file) throws IOException {
    FloatBuffer floats =
        ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] all = new float[floats.remaining()];
    floats.get(all);
    return all;
  }

  private Path make(Path checkpoint, String spec) {
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      return Quantize.of(source).overwrite(true).to(spec).into(out).get(0);
    }
  }
}
