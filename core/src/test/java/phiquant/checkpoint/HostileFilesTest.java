package phiquant.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.model.phi.Family;

/** Files that lie: each is refused with one sentence that names the file and the fact. */
class HostileFilesTest {
  @TempDir Path folder;

  /** A header, what is wrong with it, and a word of the message. */
  record Case(String header, int dataBytes, String says) {}

  static Stream<Case> headers() {
    String f32 = "{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";
    return Stream.of(
        new Case("[]", 0, "not a JSON object"),
        new Case("{\"a\":", 0, "not valid JSON"),
        new Case("{\"a\":" + "[".repeat(5000), 0, "not valid JSON"),
        new Case("{\"a\":" + f32 + ",\"a\":" + f32 + "}", 8, "Duplicate"),
        new Case("{\"a\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype"),
        new Case("{\"a\":{\"dtype\":\"f32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "'f32'"),
        new Case("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}}", 9, "takes"),
        new Case("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "lies at"),
        new Case("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "lies at"),
        new Case("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "shape"),
        new Case(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807,8],\"data_offsets\":[0,8]}}",
            8,
            "impossible shape"),
        new Case(
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775808]}}",
            8,
            "lies at"),
        new Case(
            "{\"a\":" + f32 + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
            12,
            "overlap"),
        new Case(
            "{\"a\":" + f32 + ",\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[12,16]}}",
            16,
            "hole"),
        new Case("{\"a\":" + f32 + "}", 20, "after its last tensor"));
  }

  @ParameterizedTest
  @MethodSource("headers")
  void safetensorsHeadersAreChecked(Case test) throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    byte[] header = test.header().getBytes(StandardCharsets.UTF_8);
    write(header.length, header, test.dataBytes());
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("model.safetensors")
        .hasMessageContaining(test.says());
  }

  @ParameterizedTest
  @MethodSource("lengths")
  void safetensorsHeaderLengthsAreChecked(long length) throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    write(length, "{}".getBytes(StandardCharsets.UTF_8), 100);
    assertThatThrownBy(() -> Checkpoints.open(folder)).isInstanceOf(UserError.class);
  }

  static Stream<Long> lengths() {
    return Stream.of(0L, 1L, 1000L, 1L << 31, 1L << 62, Long.MIN_VALUE, -1L);
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "model.safetensors", "model.safetensors.index.json"})
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void pipesAreRefusedBeforeTheyAreOpened(String name) throws Exception {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.deleteIfExists(folder.resolve(name));
    new ProcessBuilder("mkfifo", folder.resolve(name).toString()).start().waitFor();
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(name + " is a pipe, a device or a socket, not a file.");
  }

  /** One more than a list may hold, in a file that holds nothing else and takes no disk. */
  @Test
  void aListOfVeryManyEmptyTextsIsRefused() throws IOException {
    int count = 4_000_001;
    ByteBuffer head = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    head.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(0).putLong(1);
    head.putLong(1).put((byte) 't').putInt(9).putInt(8).putLong(count);
    Path file = folder.resolve("many.gguf");
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      out.write(head.flip());
      out.write(ByteBuffer.allocate(1), out.size() + 8L * count);
    }
    assertThatThrownBy(() -> Checkpoints.open(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("its lists hold more than 4000000 values");
  }

  /** Names beyond what the format allows are not read: they would be kept several times. */
  @Test
  void aNameLongerThanTheFormatAllowsIsRefused() throws IOException {
    ByteBuffer head = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    head.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(0).putLong(1);
    head.putLong(65_536);
    Path file = folder.resolve("name.gguf");
    try (FileChannel out =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      out.write(head.flip());
      out.write(ByteBuffer.allocate(1), out.size() + 100_000);
    }
    assertThatThrownBy(() -> Checkpoints.open(file))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("a text at byte 24 is said to have 65536 bytes");
  }

  @Test
  void aNulInAFileNameIsAWrongName() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"x\\u0000y.safetensors\"}}");
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("not a plain file name");
  }

  private void write(long length, byte[] header, int dataBytes) throws IOException {
    ByteBuffer file =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    Files.write(folder.resolve("model.safetensors"), file.putLong(length).put(header).array());
  }

  @ParameterizedTest
  @MethodSource("shardNames")
  void indexFilesMayNotLeaveTheFolder(String shard) throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a\":\"" + shard + "\"}}");
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageMatching("(?s).*(not a plain file name|is missing).*");
  }

  static Stream<String> shardNames() {
    return Stream.of("../x.safetensors", "/etc/passwd", "a/b", "..", "", "missing.safetensors");
  }

  @Test
  void picklesAreRefusedWithTheReason() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.writeString(folder.resolve("pytorch_model.bin"), "x");
    assertThatThrownBy(() -> Checkpoints.open(folder))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("pickle");
  }

  @Test
  void otherArchitecturesAreNamed() throws IOException {
    try (Checkpoint phi = Checkpoints.open(copyWith("Phi3ForCausalLM", "LlamaForCausalLM"))) {
      assertThatThrownBy(() -> Family.model(phi))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("LlamaForCausalLM");
    }
  }

  @Test
  void aConfigThatContradictsTensorsIsNamed() throws IOException {
    try (Checkpoint phi =
        Checkpoints.open(copyWith("\"hidden_size\": 512", "\"hidden_size\": 1024"))) {
      assertThatThrownBy(() -> Family.model(phi))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("model.embed_tokens.weight");
    }
  }

  @Test
  void aConfigOfAModelWithFewerLayersIsNamed() throws IOException {
    String layers = "\"num_hidden_layers\": ";
    try (Checkpoint phi = Checkpoints.open(copyWith(layers + "2", layers + "1"))) {
      assertThatThrownBy(() -> Family.model(phi))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("num_hidden_layers 1, but there is 'model.layers.1.");
    }
  }

  /** Such tensors are listed by inspect; as weights they are refused before any work. */
  @ParameterizedTest
  @ValueSource(strings = {"F8_E4M3", "F8_E5M2", "I8", "U8"})
  void weightsOfOtherTypesAreNamed(String dtype) throws IOException {
    Path phi = copyWith("", "");
    Path file = phi.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
    String header = new String(bytes, 8, length, StandardCharsets.UTF_8);
    // Half as wide, and twice as many columns of the embedding: the size stays what it was.
    String changed =
        header.replaceFirst(
            "(\"model.embed_tokens.weight\":\\{\"dtype\":\")BF16(\",\"shape\":\\[\\d+,)512",
            "$1" + dtype + "$21024");
    assertThat(changed).isNotEqualTo(header);
    Files.delete(file);
    byte[] text = changed.getBytes(StandardCharsets.UTF_8);
    ByteBuffer written = ByteBuffer.allocate(8 + text.length + bytes.length - 8 - length);
    written.order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).put(text);
    Files.write(file, written.put(bytes, 8 + length, bytes.length - 8 - length).array());
    try (Checkpoint checkpoint = Checkpoints.open(phi)) {
      assertThat(checkpoint.tensors().get("model.embed_tokens.weight").format()).isEqualTo(dtype);
      assertThatThrownBy(() -> Family.model(checkpoint))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("model.embed_tokens.weight' is stored as " + dtype);
    }
  }

  @Test
  void aTokenizerCutInHalfIsNamed() throws IOException {
    Path phi = copyWith("", "");
    String json = Files.readString(phi.resolve("tokenizer.json"));
    Files.delete(phi.resolve("tokenizer.json"));
    Files.writeString(phi.resolve("tokenizer.json"), json.substring(0, json.length() / 2));
    try (Checkpoint checkpoint = Checkpoints.open(phi)) {
      assertThatThrownBy(() -> phiquant.Quantize.of(checkpoint).to("gguf:Q4_0").plan())
          .isInstanceOf(UserError.class)
          .hasMessageContaining("tokenizer.json");
    }
  }

  /** The tiny Phi-4 with its config changed; the other files are links. */
  private Path copyWith(String from, String to) throws IOException {
    try (Stream<Path> files = Files.list(Fixtures.tinyPhi4())) {
      for (Path file : files.toList()) {
        Path copy = folder.resolve(file.getFileName());
        if (file.endsWith("config.json")) {
          Files.writeString(copy, Files.readString(file).replace(from, to));
        } else {
          Files.createSymbolicLink(copy, file);
        }
      }
    }
    assertThat(folder.resolve("config.json")).exists();
    return folder;
  }
}
