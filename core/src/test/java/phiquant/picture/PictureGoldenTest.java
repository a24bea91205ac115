package phiquant.picture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.UserError;
import phiquant.fixtures.Golden;
import phiquant.fixtures.Pictures;

/** Pictures as Pillow and the released processor of Phi-3.5-vision have them. */
class PictureGoldenTest {
  private static JsonNode file(String name) {
    for (JsonNode file : Golden.json("pictures").path("files")) {
      if (file.path("name").asText().equals(name)) {
        return file;
      }
    }
    throw new IllegalArgumentException(name);
  }

  private static byte[] bytes(JsonNode file, String key) {
    return Base64.getDecoder().decode(file.path(key).asText());
  }

  @Test
  void theGridIsThatOfTheReleasedProcessor() {
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode shape : Golden.json("tokens-phi-3.5-vision").path("grid")) {
      int width = shape.path(0).asInt();
      int height = shape.path(1).asInt();
      for (int i = 0; i < 2; i++) {
        JsonNode right = shape.path(2 + i);
        CropGrid grid = CropGrid.of(width, height, i == 0 ? 4 : 16);
        int resized = grid.tall() ? grid.breadth() : grid.length();
        assertThat(
                List.of(
                    resized,
                    grid.tall() ? grid.length() : grid.breadth(),
                    grid.columns() * CropGrid.SIDE,
                    grid.rows() * CropGrid.SIDE,
                    grid.columns() * grid.rows(),
                    grid.tokens()))
            .as("%d×%d", width, height)
            .containsExactly(
                right.path(0).path(0).asInt(),
                right.path(0).path(1).asInt(),
                right.path(1).path(0).asInt(),
                right.path(1).path(1).asInt(),
                right.path(2).asInt(),
                right.path(3).asInt());
        numbers.add(grid.tokens());
      }
    }
    assertThat(numbers).hasSize(120);
  }

  @ParameterizedTest
  @CsvSource({"1, 1345, 4", "1345, 1, 4", "1, 5377, 16", "5377, 1, 16"})
  void aPictureOfWhichNothingWouldBeLeftIsRefused(int width, int height, int crops) {
    assertThatThrownBy(() -> CropGrid.of(width, height, crops))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("too narrow");
    assertThat(CropGrid.of(Math.max(1, width - 1), Math.max(1, height - 1), crops).breadth())
        .isEqualTo(1);
  }

  @Test
  void cropsEqualPillowsToTheBitAndTheWholeIsThatOfTheFormula() {
    for (JsonNode golden : Golden.json("pictures").path("crops")) {
      Picture picture = Pictures.noise(golden.path("width").asInt(), golden.path("height").asInt());
      int crops = golden.path("crops").asInt();
      CropGrid grid = CropGrid.of(picture.width(), picture.height(), crops);
      Picture laid = Tiles.laidOut(picture, grid);
      String name = picture.width() + "×" + picture.height();
      assertThat(List.of(laid.width(), laid.height()))
          .as(name)
          .containsExactly(
              golden.path("size").path(0).asInt(), golden.path("size").path(1).asInt());
      assertThat(Golden.sha256(laid.rgb())).as(name).isEqualTo(golden.path("sha256").asText());
      float[] whole = Tiles.of(picture, crops, Tiles.Scale.CLIP).all().getFirst();
      for (JsonNode sample : golden.path("whole")) {
        assertThat((double) whole[sample.path(0).asInt()])
            .as(name)
            .isCloseTo(sample.path(1).asDouble(), within(1e-6));
      }
    }
  }

  @Test
  void tilesAreThoseOfTheReleasedProcessor() {
    for (JsonNode each : Golden.json("logits-tiny-phi-3.5-vision").path("cases")) {
      for (JsonNode golden : each.path("images")) {
        Picture picture =
            Pictures.ramps(
                golden.path("picture").path(0).asInt(), golden.path("picture").path(1).asInt());
        Tiles tiles = Tiles.of(picture, each.path("num_crops").asInt(), Tiles.Scale.CLIP);
        assertThat(Golden.sha256(Tiles.laidOut(picture, tiles.grid()).rgb()))
            .isEqualTo(golden.path("padded_sha256").asText());
        assertThat(Golden.sha256(floats(tiles.all().subList(1, tiles.all().size()))))
            .isEqualTo(golden.path("crops").path("sha256").asText());
        assertThat(tiles.grid().tokens()).isEqualTo(golden.path("num_img_tokens").asInt());
        for (JsonNode sample : golden.path("whole").path("sample")) {
          assertThat((double) tiles.all().getFirst()[sample.path(0).asInt()])
              .isCloseTo(sample.path(1).asDouble(), within(6e-6)); // Five decimals are there.
        }
      }
    }
  }

  private static byte[] floats(List<float[]> tiles) {
    int size = tiles.getFirst().length;
    ByteBuffer bytes =
        ByteBuffer.allocate(Float.BYTES * size * tiles.size()).order(ByteOrder.LITTLE_ENDIAN);
    for (float[] tile : tiles) {
      bytes.asFloatBuffer().put(tile);
      bytes.position(bytes.position() + Float.BYTES * size);
    }
    return bytes.array();
  }

  @ParameterizedTest
  @CsvSource({
    "png",
    "png with alpha",
    "png gray",
    "png gray with alpha",
    "png of 1 bit",
    "png of a palette",
    "png of a small palette",
    "gif",
    "bmp",
    "bmp of a palette",
    "jpeg",
    "jpeg in full color",
    "jpeg progressive",
    "jpeg gray"
  })
  void everyFileIsWhatPillowReads(String name) {
    JsonNode file = file(name);
    Picture picture = PictureFile.decode(bytes(file, "file"), name, PictureFile.MOST_PIXELS);
    assertThat(picture.width()).isEqualTo(file.path("width").asInt());
    assertThat(picture.height()).isEqualTo(file.path("height").asInt());
    assertThat(picture.rgb()).isEqualTo(bytes(file, "rgb"));
  }

  @ParameterizedTest
  @CsvSource({
    "png of 16 bits, samples of 16 bits",
    "jpeg in CMYK, CMYK",
    "tiff, 'PNG, JPEG, GIF or BMP'",
    "webp, 'PNG, JPEG, GIF or BMP'",
    "gif animated, is animated",
    "png animated, is animated"
  })
  void whatIsNoPlainPictureIsRefusedInOneLine(String name, String reason) {
    refused(bytes(file(name), "file"), name, reason);
  }

  @ParameterizedTest
  @CsvSource({"png", "gif", "bmp", "jpeg", "jpeg progressive"})
  void aFileThatEndsEarlyIsRefused(String name) {
    byte[] whole = bytes(file(name), "file");
    for (int part = 1; part < 8; part++) {
      byte[] some = Arrays.copyOf(whole, whole.length * part / 8);
      refused(some, name, name);
    }
    refused(new byte[0], name, name);
  }

  /** A head that says 60,000 times 60,000 pixels, and no more than some bytes of them. */
  @Test
  void aBombIsRefusedByItsHead() throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    png.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    ByteBuffer head = ByteBuffer.allocate(13).putInt(60_000).putInt(60_000);
    chunk(png, "IHDR", head.put(new byte[] {8, 2, 0, 0, 0}).array());
    ByteArrayOutputStream data = new ByteArrayOutputStream();
    try (DeflaterOutputStream out = new DeflaterOutputStream(data)) {
      out.write(new byte[1 << 20]);
    }
    chunk(png, "IDAT", data.toByteArray());
    chunk(png, "IEND", new byte[0]);
    refused(png.toByteArray(), "a bomb", "60000×60000 pixels");
  }

  private static void chunk(ByteArrayOutputStream png, String kind, byte[] data)
      throws IOException {
    DataOutputStream out = new DataOutputStream(png);
    out.writeInt(data.length);
    byte[] name = kind.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    out.write(name);
    out.write(data);
    CRC32 check = new CRC32();
    check.update(name);
    check.update(data);
    out.writeInt((int) check.getValue());
  }

  private static void refused(byte[] bytes, String name, String reason) {
    assertThatThrownBy(() -> PictureFile.decode(bytes, name, PictureFile.MOST_PIXELS))
        .isInstanceOf(UserError.class)
        .hasMessageStartingWith(name)
        .hasMessageContaining(reason)
        .hasMessageMatching("[^\n]*");
  }
}
