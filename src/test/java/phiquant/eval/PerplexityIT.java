package phiquant.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Checkpoints;
import phiquant.engines.EnginePerplexity;
import phiquant.fixtures.Fixtures;
import phiquant.run.Activations;
import phiquant.run.CacheType;
import phiquant.run.LanguageModel;
import phiquant.run.RopeRule;
import phiquant.run.RunOptions;
import phiquant.tokenizer.Tokenizer;

/**
 * Perplexities beside those that the four engines measure on the same artifact and tokens.
 *
 * <p>With f32 activations they are the same number. Where engines round activations to int8 we
 * round alike (RoundingIT), yet a sum in another order moves some number to the other level, which
 * the next layers amplify: of one Q4_K_M file llama.cpp itself measures 33.6 to 34.3, depending on
 * the CPU that it is built for and on the size of its batches. So little is left to compare where
 * much is rounded, and Q4_K_M is compared by its weights alone.
 */
class PerplexityIT {
  private static final int WINDOW = 128;

  @TempDir Path folder;
  private Windows windows;

  @BeforeEach
  void cut() {
    cut(4, WINDOW);
  }

  private void cut(int count, int length) {
    try (Checkpoint original = Checkpoints.open(Fixtures.smolPhiMixed());
        Tokenizer tokenizer = Tokenizer.of(original)) {
      EvaluationText text = EvaluationText.builtIn();
      windows = Windows.cut(text, tokenizer.encode(text.text()), count, length);
    }
  }

  @Test
  void onnxRuntimesIsOurs() {
    List<Path> made = quantize("onnx:int4,accuracy_level=1", "onnx:int8,accuracy_level=1");
    assertEqual("onnx", made, Activations.F32, 0.1);
  }

  /** Inputs of products rounded to int8 in the weights' blocks. */
  @Test
  void onnxRuntimesIsOursWithRoundedActivations() {
    List<Path> made = quantize("onnx:int4", "onnx:int4,block_size=128", "onnx:int8");
    assertEqual("onnx", made, Activations.INT8, 2);
  }

  @Test
  void openVinosIsOurs() {
    assertEqual("openvino", quantize("openvino:int4", "openvino:int8"), Activations.F32, 0.1);
  }

  /** On short windows, because MLX is slow on this CPU. */
  @Test
  void mlxsIsOurs() {
    cut(2, 32);
    assertEqual("mlx", quantize("mlx:4bit,dtype=float32"), Activations.F32, 0.1);
  }

  /** What llama.cpp rounds to: int8 in blocks of 32, and binary16. */
  @ParameterizedTest
  @CsvSource({"Q8_0, 1", "F16, 0.5"})
  void llamasIsOursWithRoundedActivations(String type, double percent) {
    Path file = quantize("gguf:" + type).get(0);
    assertThat(ours(file, Activations.INT8))
        .isCloseTo(
            EnginePerplexity.llama(file, ids(), windows.length()), withinPercentage(percent));
  }

  /** llama.cpp always rounds what it multiplies quantized weights with, so it gets them decoded. */
  @Test
  void llamasOfTheDecodedWeightsIsOurs() {
    Path file = quantize("gguf:Q4_K_M").get(0);
    Path decoded;
    try (Checkpoint checkpoint = Checkpoints.open(file)) {
      decoded = Quantize.of(checkpoint).to("gguf:F32").into(folder.resolve("decoded")).get(0);
    }
    assertThat(ours(file, Activations.F32))
        .isCloseTo(EnginePerplexity.llama(decoded, ids(), windows.length()), withinPercentage(0.1));
  }

  private void assertEqual(
      String engine, List<Path> artifacts, Activations activations, double percent) {
    List<EnginePerplexity.Score> theirs =
        EnginePerplexity.of(engine, ids(), windows.length(), artifacts);
    for (int i = 0; i < artifacts.size(); i++) {
      assertThat(ours(artifacts.get(i), activations))
          .as(artifacts.get(i).getFileName().toString())
          .isCloseTo(theirs.get(i).perplexity(), withinPercentage(percent));
    }
  }

  /** As {@code eval} measures it. */
  private double ours(Path artifact, Activations activations) {
    RunOptions options = new RunOptions(2, activations, RopeRule.CHECKPOINT, CacheType.F32);
    Scores.Collector scores = new Scores.Collector(windows.predicted());
    try (LanguageModel model = LanguageModel.open(artifact, options)) {
      WindowRun.run(
          model,
          windows,
          EvaluationProgress.NONE,
          (index, next, logits) -> {
            double loss = Divergence.logSum(logits) - logits[next];
            scores.add(new Divergence.Of(loss, 0, true));
          });
    }
    return scores.scores().perplexity();
  }

  private int[] ids() {
    return Arrays.stream(windows.tokens()).flatMapToInt(Arrays::stream).toArray();
  }

  private List<Path> quantize(String... targets) {
    try (Checkpoint original = Checkpoints.open(Fixtures.smolPhiMixed())) {
      Quantize quantize = Quantize.of(original);
      for (String target : targets) {
        quantize = quantize.to(target);
      }
      return quantize.into(folder);
    }
  }
}
