package phiquant.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.EnginePerplexity;
import phiquant.fixtures.Fixtures;
import phiquant.run.Activations;
import phiquant.tokenizer.Tokenizer;

/**
 * Perplexities beside those that the four engines measure on the same artifact and tokens.
 *
 * <p>With f32 activations they are the same number. Where engines round activations to int8 we
 * round alike (RoundingIT), yet a sum in another order moves some number to the other level, which
 * the next layers amplify, so that each token's loss is another one. These differences have no
 * direction: their mean is no further from zero than chance takes it, and shrinks with the length
 * of the text.
 */
class PerplexityIT {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "onnx:int4,accuracy_level=1",
        "onnx:int8,accuracy_level=1",
        "openvino:int4",
        "openvino:int8"
      })
  void theirsIsOurs(String target) {
    assertSame(target.split(":")[0], quantize(Fixtures.smolPhiMixed(), target), windows(4, 128));
  }

  /** On short windows, because MLX is slow on this CPU. */
  @Test
  void mlxsIsOurs() {
    Path folder = quantize(Fixtures.smolPhiMixed(), "mlx:4bit,dtype=float32");
    assertSame("mlx", folder, windows(2, 32));
  }

  /** llama.cpp always rounds what it multiplies quantized weights with, so it gets them decoded. */
  @Test
  void llamasOfTheDecodedWeightsIsOurs() {
    Path decoded = quantize(quantize(Fixtures.smolPhiMixed(), "gguf:Q4_K_M"), "gguf:F32");
    assertSame("gguf", decoded, windows(4, 128));
  }

  /**
   * As engines run them unless told otherwise. In a text of 32 windows half a percent is three to
   * five standard errors, and four are chance once in some thousands; binary16 needs less text.
   */
  @ParameterizedTest
  @CsvSource({"gguf:Q4_K_M, 32, 0.5", "gguf:F16, 8, 0.1", "openvino:int4, 32, 0.5"})
  void theirsIsOursWithRoundedActivations(String target, int count, double percent) {
    assertClose(target, count, percent);
  }

  /** The formats whose rounding of activations is that of one above, and ONNX Runtime's. */
  @ParameterizedTest
  @ValueSource(strings = {"gguf:Q4_0", "gguf:Q8_0", "onnx:int4", "onnx:int8"})
  @Tag("slow")
  void theirsIsOursInTheOtherFormatsToo(String target) {
    assertClose(target, 32, 0.5);
  }

  private void assertClose(String target, int count, double percent) {
    String format = target.split(":")[0];
    PairedLosses losses =
        PairedLosses.of(
            format.equals("openvino") ? "openvino-int8" : format,
            quantize(Fixtures.smolPhi135m(), target),
            windows(count, 256),
            Activations.INT8);
    assertThat(EnginePerplexity.perplexity(losses.ours()))
        .isCloseTo(EnginePerplexity.perplexity(losses.theirs()), withinPercentage(percent));
    assertThat(losses.difference())
        .isBetween(-4 * losses.standardError(), 4 * losses.standardError());
  }

  private static void assertSame(String engine, Path artifact, Windows windows) {
    PairedLosses losses = PairedLosses.of(engine, artifact, windows, Activations.F32);
    assertThat(EnginePerplexity.perplexity(losses.ours()))
        .isCloseTo(EnginePerplexity.perplexity(losses.theirs()), withinPercentage(0.1));
  }

  /** Of the built-in text; all of these models have one vocabulary. */
  private static Windows windows(int count, int length) {
    try (Checkpoint original = Checkpoints.open(Fixtures.smolPhi135m());
        Tokenizer tokenizer = Tokenizer.of(original)) {
      EvaluationText text = EvaluationText.builtIn();
      return Windows.cut(text, tokenizer.encode(text.text()), count, length);
    }
  }

  private Path quantize(Path model, String target) {
    try (Checkpoint original = Checkpoints.open(model)) {
      return Quantize.of(original).to(target).into(folder).get(0);
    }
  }
}
