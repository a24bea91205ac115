package phiquant.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.MatrixFile;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;

/** What was rounded for a calibration is a plain file of its engine, which reads it as we do. */
class CalibratedIT {
  private static final int VOCABULARY = 32000;
  private static final int TOKENS = 24;

  @TempDir Path out;

  @ParameterizedTest
  @CsvSource({
    "onnx, 'onnx:int4,accuracy_level=1', model.onnx.data, logits FOLDER 32000 24",
    "openvino, openvino:int4, openvino_model.bin, logits FOLDER 32000 24",
    "mlx, 'mlx:4bit,dtype=float32,rope=short', model.safetensors, logits 24 32000 FOLDER",
  })
  void theEngineComputesWhatWeDo(String engine, String spec, String weights, String question)
      throws IOException {
    Path plain;
    Path folder;
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      Path matrix =
          MatrixFile.write(out.resolve("matrix.gguf"), MatrixFile.random(checkpoint), 1024);
      plain = Quantize.of(checkpoint).to(spec).into(out.resolve("plain")).get(0);
      folder = Quantize.of(checkpoint).to(spec + ",imatrix=" + matrix).into(out).get(0);
    }
    assertThat(Files.mismatch(folder.resolve(weights), plain.resolve(weights))).isNotNegative();
    int[] ids = new int[TOKENS];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (7919 * i + 13) % VOCABULARY;
    }
    float[] ours;
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(folder), RunOptions.exact())) {
      ours = model.logits(ids, model.cache(ids.length));
    }
    String[] arguments = question.replace("FOLDER", folder.toString()).split(" ");
    String answer =
        Engines.run(Engines.python(engine), "engines/" + engine + "_driver.py", arguments);
    JsonNode last =
        answer
            .lines()
            .filter(line -> line.startsWith("[") || line.startsWith("{"))
            .map(CalibratedIT::json)
            .map(line -> line.isArray() ? line : line.path("last"))
            .reduce((first, second) -> second)
            .orElseThrow();
    for (int i = 0; i < ours.length; i += 97) {
      assertThat(last.path(i).asDouble()).isCloseTo(ours[i], within(2e-3));
    }
  }

  private static JsonNode json(String line) {
    try {
      return new ObjectMapper().readTree(line);
    } catch (IOException e) {
      throw new IllegalStateException(line, e);
    }
  }
}
