package phiquant.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.importance.Calibrate;
import phiquant.importance.CalibrationText;
import phiquant.run.Activations;
import phiquant.run.attention.LongRopeRule;

/**
 * Evaluations of tiny models: what must come out is known, and what cannot be compared is refused.
 */
class EvaluatorTest {
  @TempDir Path folder;

  private final Path original = Fixtures.tinyPhi35Mini();

  /** An artifact in 32 bits predicts what the original does; the second time it need not run. */
  @Test
  void nothingIsLostInFullPrecision() throws Exception {
    Path same = make("gguf:F32");
    Evaluation first = evaluate(original, same);
    Result found = first.artifacts().get(0);
    assertThat(found.scores().meanKl()).isCloseTo(0, within(1e-5));
    assertThat(found.scores().sameTop()).isGreaterThan(0.98);
    assertThat(found.scores().perplexity())
        .isCloseTo(first.original().scores().perplexity(), withinPercentage(0.001));
    assertThat(found.errors()).allMatch(error -> error.max() == 0);
    assertThat(found.bytes()).isEqualTo(Files.size(same));
    assertThat(found.answers()).hasSize(3).allMatch(answer -> answer.differing().isEmpty());
    assertThat(found.command()).endsWith("--to gguf:F32 -o out");
    assertThat(found.warnings()).anyMatch(warning -> warning.contains("llama.cpp"));
    Evaluation again = evaluate(original, same);
    assertThat(again.original()).isEqualTo(first.original());
    try (var kept = Files.list(folder.resolve("cache"))) {
      assertThat(kept).hasSize(2);
    }
  }

  @Test
  void whoIsMeasuredOnTheTextOfItsCalibrationIsToldSo() throws Exception {
    String sentence = "Some words that are said again, number after number. ";
    Path text = Files.writeString(folder.resolve("own.txt"), sentence.repeat(100));
    Path matrix = folder.resolve("calibration.gguf");
    try (Checkpoint checkpoint = Checkpoints.open(original)) {
      Calibrate.of(checkpoint).text(CalibrationText.of(List.of(text))).tokens(512).into(matrix);
    }
    Path artifact = make("gguf:Q4_0,imatrix=" + matrix);
    assertThat(evaluate(original, artifact).artifacts().get(0).warnings())
        .noneMatch(warning -> warning.contains("calibrated"));
    Evaluation own = evaluate(original, artifact, 48, EvaluationText.of(text));
    assertThat(own.artifacts().get(0).warnings())
        .anyMatch(warning -> warning.startsWith("It was calibrated on a text of this name"));
  }

  /** One row of the head, which is none of those that are looked at to tell models apart. */
  @Test
  void anOriginalThatWasChangedIsRunAgain() throws Exception {
    Path changed = Files.createDirectory(folder.resolve("changed"));
    try (var files = Files.list(original)) {
      for (Path file : files.toList()) {
        Files.copy(file, changed.resolve(file.getFileName()));
      }
    }
    Path artifact = make("gguf:F32");
    double before = evaluate(changed, artifact).original().scores().perplexity();
    Path weights = changed.resolve("model.safetensors");
    try (FileChannel file =
        FileChannel.open(weights, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = file.map(FileChannel.MapMode.READ_WRITE, 0, file.size());
      int header = Math.toIntExact(bytes.order(ByteOrder.LITTLE_ENDIAN).getLong(0));
      byte[] json = new byte[header];
      bytes.get(8, json);
      JsonNode head = new ObjectMapper().readTree(json).get("lm_head.weight");
      int row = 2 * head.get("shape").get(1).asInt();
      int at = 8 + header + head.get("data_offsets").get(0).asInt() + 5 * row;
      bytes.put(at, bytes, at - row, row); // The row before it.
    }
    double after = evaluate(changed, artifact).original().scores().perplexity();
    assertThat(after).isNotEqualTo(before);
  }

  @Test
  void aSplitModelIsMeasuredAsOneByItsFolder() throws Exception {
    Path split = make("gguf:Q8_0,split-max-size=30M");
    assertThat(split).isDirectory();
    Result found = evaluate(original, split).artifacts().get(0);
    assertThat(found.name()).isEqualTo("tiny-phi-3.5-mini-Q8_0.gguf");
    try (var parts = Files.list(split)) {
      assertThat(found.bytes())
          .isEqualTo(
              parts
                  .filter(part -> part.toString().endsWith(".gguf"))
                  .mapToLong(part -> part.toFile().length())
                  .sum());
    }
  }

  @Test
  void aWindowOverTheLimitIsRefusedWithTheLimit() {
    Path same = make("gguf:Q8_0");
    assertThatThrownBy(() -> evaluate(original, same, 3000))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("limit, 2048");
  }

  /** Q8_0's step is a 127th of a block's largest: an error of a uniform rounding, 1 to 2 in 300. */
  @Test
  void errorsOfWeightsAreThoseOfTheFormat() {
    Result found = evaluate(original, make("gguf:Q8_0")).artifacts().get(0);
    assertThat(found.errors())
        .filteredOn(error -> error.format().equals("Q8_0"))
        .isNotEmpty()
        .allSatisfy(error -> assertThat(error.relativeRms()).isBetween(0.002, 0.01));
    assertThat(found.scores().meanKl()).isPositive();
  }

  @Test
  void artifactsOfOtherModelsAreRefused() {
    Path same = make("gguf:Q8_0");
    assertThatThrownBy(() -> evaluate(Fixtures.tinyPhi4(), same))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("was not made from this original");
  }

  @Test
  void artifactsThatAreCutAreRefused() throws Exception {
    Path cut = make("gguf:Q8_0");
    try (FileChannel file = FileChannel.open(cut, StandardOpenOption.WRITE)) {
      file.truncate(file.size() - 1000);
    }
    assertThatThrownBy(() -> evaluate(original, cut))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(cut.getFileName().toString());
  }

  private Path make(String target) {
    try (Checkpoint checkpoint = Checkpoints.open(original)) {
      return Quantize.of(checkpoint).to(target).overwrite(true).into(folder).get(0);
    }
  }

  private Evaluation evaluate(Path original, Path artifact) {
    return evaluate(original, artifact, 48);
  }

  private Evaluation evaluate(Path original, Path artifact, int window) {
    return evaluate(original, artifact, window, EvaluationText.builtIn());
  }

  private Evaluation evaluate(Path original, Path artifact, int window, EvaluationText text) {
    return Evaluator.evaluate(
        original,
        List.of(artifact),
        text,
        new Evaluator.Options(
            1,
            window,
            List.of(Activations.F32),
            LongRopeRule.CHECKPOINT,
            1,
            List.of(),
            folder.resolve("cache"),
            1_000_000_000L,
            EvaluationProgress.NONE));
  }
}
