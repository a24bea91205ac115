package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/** ONNX Runtime GenAI's own tokenizer on the files that we copy beside the model. */
class OnnxTokenizerIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path out;

  /** A model, texts with ids, and the texts that the engine splits otherwise with any files. */
  record Case(Path model, String cases, List<String> limits) {}

  /**
   * GenAI ends a text at NUL, takes the white space before other numerals than digits for a part of
   * them, and looks at the spaces of a SentencePiece vocabulary one by one.
   */
  static Stream<Case> models() {
    String controls = "\0\177\u00a0\u200b\ufeff";
    String nul = "\0a\001b";
    return Stream.of(
        new Case(
            Fixtures.smolPhiWide(),
            "tokenizer-cases",
            List.of(controls, "\u0661\u0662\u0663 \u00bd \u00b2 \u2167")),
        new Case(Fixtures.tinyPhi35Mini(), "tokenizer-cases-phi-3", List.of(controls, "a  3", nul)),
        new Case(Fixtures.tinyPhi4(), "tokenizer-cases-phi-4", List.of(controls, nul)),
        new Case(Fixtures.tinyPhi4Mini(), "tokenizer-cases-phi-4-mini", List.of(controls, nul)));
  }

  @ParameterizedTest
  @MethodSource("models")
  void genAiTokenizesAsTokenizerJsonDoes(Case test) throws IOException {
    Path folder;
    try (Checkpoint source = Checkpoints.open(test.model())) {
      folder = Quantize.of(source).to("onnx:int4").into(out).get(0);
    }
    List<String> texts = new ArrayList<>();
    List<JsonNode> expected = new ArrayList<>();
    for (JsonNode one : Golden.json(test.cases()).path("cases")) {
      texts.add(one.path("text").asText());
      expected.add(one.path("ids"));
    }
    Path file = out.resolve("texts.json");
    JSON.writeValue(file.toFile(), texts);
    String[] lines =
        Engines.run(
                Engines.python("onnx"),
                "engines/onnx_driver.py",
                "tokenize",
                folder.toString(),
                file.toString())
            .split("\n");
    assertThat(lines).hasSameSizeAs(texts);
    List<String> different = new ArrayList<>();
    for (int i = 0; i < lines.length; i++) {
      if (!JSON.readTree(lines[i]).equals(expected.get(i))) {
        different.add(texts.get(i));
      }
    }
    assertThat(different).isEqualTo(test.limits());
  }
}
