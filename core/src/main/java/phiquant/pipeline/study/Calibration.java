package phiquant.pipeline.study;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.StoredTensor;
import phiquant.pipeline.Progress;
import phiquant.run.Activations;
import phiquant.run.LanguageModel;
import phiquant.run.RunOptions;
import phiquant.run.attention.CacheType;
import phiquant.run.attention.LongRopeRule;
import phiquant.study.ActivationRange;
import phiquant.tokenizer.Tokenizer;

/**
 * Runs a model over a text, in 32 bits, and remembers the range of every linear layer's inputs:
 * what formats need to know whose activations are rounded on a grid that is fixed beforehand.
 */
final class Calibration {
  /** To be raised by whoever changes what is found. */
  static final int NUMBER = 1;

  /** Tokens that see each other. */
  private static final int WINDOW = 256;

  /** More tokens change ranges no more than other text would. */
  private static final int MOST_TOKENS = 4096;

  private final Map<String, Reach> seen = new HashMap<>();

  private Calibration() {}

  /**
   * Reads all weights as often as the text has windows of 256 tokens, up to 16.
   *
   * @return ranges by the name of the weight that the inputs are multiplied by
   * @throws UserError if the checkpoint has no tokenizer, or the text no tokens
   */
  static Map<String, ActivationRange> ranges(
      Checkpoint checkpoint, String text, int threads, Progress progress) {
    int[] tokens;
    try (Tokenizer tokenizer = Tokenizer.of(checkpoint)) {
      tokens = tokenizer.encode(text);
    }
    if (tokens.length < 2) {
      throw new UserError("The calibration text has no words.");
    }
    Calibration calibration = new Calibration();
    RunOptions exact =
        new RunOptions(threads, Activations.F32, LongRopeRule.CHECKPOINT, CacheType.F32);
    try (LanguageModel model = LanguageModel.of(checkpoint, exact)) {
      calibration.read(tokens, model, progress);
    }
    Map<String, ActivationRange> ranges = new HashMap<>();
    calibration.seen.forEach((name, inputs) -> ranges.put(name, inputs.range()));
    return ranges;
  }

  private void read(int[] tokens, LanguageModel model, Progress progress) {
    model.observe(
        (weight, count, inputs) ->
            seen.computeIfAbsent(weight.name(), name -> new Reach())
                .add(inputs, count * Math.toIntExact(weight.tensor().columns())));
    int window = Math.min(WINDOW, model.config().contextLength());
    int most = Math.min(MOST_TOKENS, tokens.length);
    long bytes =
        model.checkpoint().tensors().values().stream().mapToLong(StoredTensor::storedBytes).sum();
    progress.begin("Calibrating", bytes * Math.ceilDiv(most, window));
    try {
      for (int from = 0; from < most; from += window) {
        int[] some = Arrays.copyOfRange(tokens, from, Math.min(from + window, most));
        model.logits(some, model.cache(some.length), (index, logits) -> {});
        progress.advance(bytes);
      }
    } finally {
      progress.end();
    }
  }
}
