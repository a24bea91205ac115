package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.fixtures.Golden;

/** The {@code general.*} keys against what gguf-py derives from the same names and model cards. */
class GeneralMetadataTest {

  static Stream<JsonNode> cases() {
    List<JsonNode> cases = new ArrayList<>();
    Golden.json("gguf-general-metadata").path("cases").forEach(cases::add);
    return cases.stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void keysEqualThoseOfGgufPy(JsonNode test) throws IOException {
    Map<String, MetadataValue> ours =
        GeneralMetadata.of(
            new Folder(test),
            ModelSize.of(test.path("parameters").asLong()),
            Optional.<String>empty());
    List<String> expected = new ArrayList<>();
    test.path("keys").properties().forEach(e -> expected.add(e.getKey() + "=" + text(e)));
    List<String> found = new ArrayList<>();
    ours.forEach((key, value) -> found.add(key + "=" + text(value)));
    assertThat(found).containsExactlyElementsOf(expected);
  }

  /** gguf-py then writes no name, and without one llama.cpp cannot know Phi-3 by it. */
  @Test
  void anEmptyNameOrPathLeavesTheFoldersName() throws IOException {
    JsonNode test =
        new ObjectMapper()
            .readTree(
                "{\"folder\":\"Phi-3-x\",\"files\":{\"config.json\":\"{\\\"_name_or_path\\\":\\\"\\\"}\"}}");
    assertThat(GeneralMetadata.of(new Folder(test), ModelSize.of(4_000_000_000L), Optional.empty()))
        .containsEntry("general.name", new MetadataValue.Text("Phi 3 X"));
  }

  private static String text(Map.Entry<String, JsonNode> entry) {
    JsonNode value = entry.getValue();
    if (value.isArray()) {
      List<String> texts = new ArrayList<>();
      value.forEach(each -> texts.add(each.asText()));
      return texts.toString();
    }
    // gguf-py keeps a Python integer where the file has a float.
    boolean isFloat = value.isDouble() || entry.getKey().matches(".*(temp|top_p|repeat|tau|eta)");
    return isFloat ? String.valueOf((float) value.asDouble()) : value.asText();
  }

  private static String text(MetadataValue value) {
    if (value instanceof MetadataValue.Text text) {
      return text.value();
    }
    if (value instanceof MetadataValue.Texts texts) {
      return texts.values().toString();
    }
    if (value instanceof MetadataValue.F32 number) {
      return String.valueOf(number.value());
    }
    return value instanceof MetadataValue.I32 number
        ? String.valueOf(number.value())
        : String.valueOf(((MetadataValue.U32) value).value());
  }

  /** A folder of which only the name and some text files exist. */
  private record Folder(Path path, ObjectNode config, JsonNode files) implements Checkpoint {
    Folder(JsonNode test) throws IOException {
      this(
          Path.of(test.path("folder").asText()),
          (ObjectNode)
              new ObjectMapper().readTree(test.path("files").path("config.json").asText("{}")),
          test.path("files"));
    }

    @Override
    public Map<String, StoredTensor> tensors() {
      return Map.of();
    }

    @Override
    public Optional<byte[]> file(String name) {
      return Optional.ofNullable(files.path(name).asText(null))
          .map(text -> text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {}
  }
}
