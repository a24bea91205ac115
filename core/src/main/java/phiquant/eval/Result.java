package phiquant.eval;

import java.util.List;
import java.util.Map;
import phiquant.engine.Engine;

/**
 * What was found out about one model.
 *
 * @param name of its file or folder
 * @param kind what it is
 * @param bytes of all its files
 * @param bitsPerWeight of its weights' bytes
 * @param formats bytes by number format
 * @param scores with activations as the engine rounds them, or as they were asked for
 * @param exactScores with f32 activations, so of the weights alone; null if not asked for
 * @param costs time and memory that it took
 * @param errors of each weight; empty for the original
 * @param answers to the prompts
 * @param warnings what a user should know
 * @param command that makes it again, or null
 */
public record Result(
    String name,
    Engine kind,
    long bytes,
    double bitsPerWeight,
    Map<String, Long> formats,
    Scores scores,
    Scores exactScores,
    Costs costs,
    List<TensorError> errors,
    List<Continuation> answers,
    List<String> warnings,
    String command) {
  /**
   * What running it costs, with the first of the activations.
   *
   * @param prefill tokens per second of a window, the median
   * @param decode tokens per second one by one, the median
   * @param loadSeconds until it could run
   * @param peakBytes the most memory that the process held, mapped files included; null if unknown
   */
  public record Costs(double prefill, double decode, double loadSeconds, Long peakBytes) {}
}
