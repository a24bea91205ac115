package phiquant.engine.openvino.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.PlannedFile;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** Our tokenizers in OpenVINO GenAI against the library that tokenizer.json is made for. */
class TokenizerModelsIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  @ParameterizedTest
  @CsvSource({
    "smolphi-wide, tokenizer-cases",
    "tiny-phi-3.5-mini, tokenizer-cases-phi-3",
    "tiny-phi-4, tokenizer-cases-phi-4",
    "tiny-phi-4-mini, tokenizer-cases-phi-4-mini",
  })
  void tokensEqualThoseOfTokenizerJson(String model, String cases) throws IOException {
    Path checkpoint = checkpoint(model);
    List<String> texts = new ArrayList<>();
    List<List<Long>> expected = new ArrayList<>();
    for (JsonNode test : Golden.json(cases).path("cases")) {
      texts.add(test.path("text").asText());
      List<Long> ids = new ArrayList<>();
      test.path("ids").forEach(id -> ids.add(id.asLong()));
      expected.add(ids);
    }
    Path json = checkpoint.resolve("tokenizer.json");
    List<String> more = TrickyTexts.of(JSON.readTree(json.toFile()));
    try (HuggingFaceTokenizer original = original(json)) {
      for (String text : more) {
        texts.add(text);
        long[] ids = original.encode(text, true, false).getIds();
        expected.add(Arrays.stream(ids).boxed().toList());
      }
    }
    List<List<Long>> ours = encode(write(checkpoint), texts);
    List<String> different = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      if (!ours.get(i).equals(expected.get(i))) {
        different.add(JSON.writeValueAsString(texts.get(i)));
      }
    }
    assertThat(different).isEmpty();
  }

  /**
   * Half characters become U+FFFD; the library writes as many as there are bytes, and with byte
   * fallback it gives up whole characters in front of them too.
   */
  @ParameterizedTest
  @ValueSource(strings = {"smolphi-wide", "tiny-phi-3.5-mini", "tiny-phi-4", "tiny-phi-4-mini"})
  void textEqualsThatOfTokenizerJson(String model) throws IOException {
    Path checkpoint = checkpoint(model);
    Path json = checkpoint.resolve("tokenizer.json");
    List<long[]> lists = new ArrayList<>();
    List<String> expected = new ArrayList<>();
    try (HuggingFaceTokenizer original = original(json)) {
      for (String text : TrickyTexts.of(JSON.readTree(json.toFile()))) {
        long[] ids = original.encode(text, true, false).getIds();
        int end = ids.length;
        for (int cut = 0; cut <= Math.min(1, end); cut++) {
          lists.add(Arrays.copyOfRange(ids, cut, end));
          lists.add(Arrays.copyOfRange(ids, 0, end - cut));
        }
      }
      for (long[] ids : lists) {
        expected.add(original.decode(ids, true));
      }
    }
    Path file = out.resolve("ids.json");
    JSON.writeValue(file.toFile(), lists);
    List<String> different = new ArrayList<>();
    int halves = 0;
    List<String> lines = ask("decode", write(checkpoint), file).lines().toList();
    for (int i = 0; i < lists.size(); i++) {
      String ours = JSON.readTree(lines.get(i)).asText().replaceAll("\ufffd+", "\ufffd");
      String theirs = expected.get(i).replaceAll("\ufffd+", "\ufffd");
      halves += theirs.contains("\ufffd") ? 1 : 0;
      boolean givesUp = model.equals("tiny-phi-3.5-mini") && theirs.contains("\ufffd");
      boolean same =
          givesUp
              ? ours.startsWith(theirs.substring(0, theirs.indexOf("\ufffd")))
              : ours.equals(theirs);
      if (!same) {
        different.add(Arrays.toString(lists.get(i)) + ": " + ours + " and not " + theirs);
      }
    }
    assertThat(different).isEmpty();
    assertThat(halves).isGreaterThan(100);
  }

  private static HuggingFaceTokenizer original(Path json) throws IOException {
    return HuggingFaceTokenizer.newInstance(json, Map.of("truncation", "false"));
  }

  private List<List<Long>> encode(Path folder, List<String> texts) throws IOException {
    Path file = out.resolve("texts.json");
    JSON.writeValue(file.toFile(), texts);
    List<List<Long>> all = new ArrayList<>();
    for (String line : ask("encode", folder, file).lines().toList()) {
      List<Long> ids = new ArrayList<>();
      JSON.readTree(line).forEach(id -> ids.add(id.asLong()));
      all.add(ids);
    }
    return all;
  }

  private static String ask(String what, Path folder, Path file) {
    return Engines.run(
        Engines.python("openvino"),
        "engines/openvino_tokenizer_driver.py",
        what,
        folder.toString(),
        file.toString());
  }

  private static Path checkpoint(String model) {
    return model.equals("smolphi-wide")
        ? Fixtures.smolPhiWide()
        : Fixtures.tiny(model.substring("tiny-".length()));
  }

  /** The tokenizer's files alone. */
  private Path write(Path checkpoint) throws IOException {
    TokenizerModels models;
    try (Checkpoint source = Checkpoints.open(checkpoint)) {
      models = TokenizerModels.of(source);
    }
    assertThat(models.note()).isEmpty();
    Path folder = Files.createDirectories(out.resolve("tokenizer"));
    for (PlannedFile planned : models.files()) {
      byte[] bytes = new byte[Math.toIntExact(planned.size())];
      planned
          .fixed()
          .forEach(
              part ->
                  System.arraycopy(
                      part.bytes(), 0, bytes, (int) part.offset(), part.bytes().length));
      Files.write(folder.resolve(planned.path()), bytes);
    }
    return folder;
  }
}
