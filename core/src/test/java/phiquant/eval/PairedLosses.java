package phiquant.eval;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import phiquant.engine.Checkpoints;
import phiquant.engines.EnginePerplexity;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.LongRopeRule;
import phiquant.run.floats.Divergence;

/**
 * One artifact's {@code -ln p} of every token of a text in two engines, ours and its own. Whether
 * they differ by more than chance is seen window by window: each begins with an empty cache, so
 * windows are independent where tokens of one window are not.
 *
 * @param ours of every token but the windows' first
 * @param theirs likewise
 * @param windows that the text was cut into
 */
public record PairedLosses(double[] ours, double[] theirs, int windows) {
  /**
   * Measures both.
   *
   * @param engine gguf, or as in {@link EnginePerplexity}
   * @param activations ours; theirs are what the engine and the artifact say
   */
  public static PairedLosses of(
      String engine, Path artifact, Windows text, Activations activations) {
    int[] ids = Arrays.stream(text.tokens()).flatMapToInt(Arrays::stream).toArray();
    double[] theirs =
        engine.equals("gguf")
            ? EnginePerplexity.llama(artifact, ids, text.length())
            : EnginePerplexity.of(engine, ids, text.length(), List.of(artifact)).get(0).losses();
    return new PairedLosses(ours(artifact, text, activations), theirs, text.count());
  }

  /** As {@code eval} measures it. */
  private static double[] ours(Path artifact, Windows text, Activations activations) {
    RunOptions options = new RunOptions(2, activations, LongRopeRule.CHECKPOINT, CacheType.F32);
    double[] losses = new double[text.predicted()];
    try (LanguageModel model = LanguageModel.open(Checkpoints.open(artifact), options)) {
      WindowRun.run(
          model,
          text.tokens(),
          EvaluationProgress.NONE,
          (index, next, logits) -> losses[index] = Divergence.logSum(logits) - logits[next]);
    }
    return losses;
  }

  /** The same for the text's first windows. */
  public PairedLosses first(int count) {
    int size = ours.length / windows * count;
    return new PairedLosses(Arrays.copyOf(ours, size), Arrays.copyOf(theirs, size), count);
  }

  /** Mean of ours less theirs, in nats: how much the perplexities differ, relatively. */
  public double difference() {
    return Arrays.stream(differences()).average().orElseThrow();
  }

  /** Of {@link #difference}, from the spread of the windows' means. */
  public double standardError() {
    double mean = difference();
    double squares = Arrays.stream(differences()).map(d -> (d - mean) * (d - mean)).sum();
    return Math.sqrt(squares / (windows - 1) / windows);
  }

  /** Root of the mean square of the tokens' differences. */
  public double spread() {
    return Math.sqrt(
        IntStream.range(0, ours.length)
            .mapToDouble(i -> (ours[i] - theirs[i]) * (ours[i] - theirs[i]))
            .average()
            .orElseThrow());
  }

  private double[] differences() {
    int length = ours.length / windows;
    return IntStream.range(0, windows)
        .mapToDouble(
            w ->
                IntStream.range(w * length, (w + 1) * length)
                    .mapToDouble(i -> ours[i] - theirs[i])
                    .average()
                    .orElseThrow())
        .toArray();
  }
}
