package phiquant.pipeline.study;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import phiquant.UserError;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.ValueNames;
import phiquant.model.Weight;
import phiquant.pipeline.Progress;
import phiquant.run.LayerWalk;
import phiquant.run.ValueObserver;
import phiquant.study.ActivationRange;
import phiquant.tokenizer.Tokenizer;

/**
 * Takes a text through a model layer by layer, in 32 bits, and remembers how far every value
 * reaches. How far scores reach follows from the longest query and key of each head (Cauchy and
 * Schwarz), so no other text with such keys leaves the grid.
 */
final class ValueCalibration implements ValueObserver {
  /** To be raised by whoever changes what is found. */
  static final int NUMBER = 1;

  /** Tokens that see each other. */
  private static final int WINDOW = 256;

  /** More tokens change ranges no more than other text would. */
  private static final int MOST_TOKENS = 4096;

  private final PhiConfig config;
  private final Map<String, Reach> seen = new HashMap<>();

  /** By layer: the largest squares of queries' lengths by head, then those of keys. */
  private final Map<Integer, double[]> lengths = new TreeMap<>();

  private ValueCalibration(PhiConfig config) {
    this.config = config;
  }

  /**
   * Reads each weight once.
   *
   * @throws UserError if the checkpoint has no tokenizer, or the text no tokens
   */
  static Map<String, ActivationRange> ranges(
      PhiModel model, String text, int threads, Progress progress) {
    int[] tokens;
    try (Tokenizer tokenizer = Tokenizer.of(model.checkpoint())) {
      tokens = tokenizer.encode(text);
    }
    if (tokens.length < 2) {
      throw new UserError("The calibration text has no words.");
    }
    ValueCalibration calibration = new ValueCalibration(model.config());
    calibration.read(tokens, model, threads, progress);
    Map<String, ActivationRange> ranges = new TreeMap<>();
    calibration.seen.forEach((name, reach) -> ranges.put(name, reach.range()));
    calibration.lengths.forEach(
        (layer, squares) -> ranges.put(ValueNames.scores(layer), calibration.scores(squares)));
    for (Weight weight : model.weights()) {
      if (!weight.isMatrix()) {
        ranges.put(ValueNames.constant(weight), constant(weight.tensor()));
      }
    }
    return ranges;
  }

  private void read(int[] tokens, PhiModel model, int threads, Progress progress) {
    int window = Math.min(WINDOW, config.contextLength());
    int most = Math.min(MOST_TOKENS, tokens.length);
    try (LayerWalk walk = new LayerWalk(model, window, threads)) {
      List<float[]> streams = new ArrayList<>();
      for (int from = 0; from < most; from += window) {
        float[] stream =
            walk.embed(Arrays.copyOfRange(tokens, from, Math.min(from + window, most)));
        accept("embedded", stream.length / config.hidden(), stream);
        streams.add(stream);
      }
      progress.begin("Calibrating", walk.layers());
      try {
        for (int layer = 0; layer < walk.layers(); layer++) {
          for (float[] stream : streams) {
            walk.show(layer, stream, this);
          }
          progress.advance(1);
        }
        streams.forEach(stream -> walk.showLogits(stream, this));
      } finally {
        progress.end();
      }
    }
  }

  @Override
  public void accept(String name, int tokens, float[] values) {
    if (!name.startsWith(ROTATED)) {
      seen.computeIfAbsent(name, unused -> new Reach()).add(values, values.length);
      return;
    }
    int layer = Integer.parseInt(name.substring(ROTATED.length()));
    int size = config.headSize();
    int both = config.heads() + config.kvHeads();
    double[] squares = lengths.computeIfAbsent(layer, unused -> new double[both]);
    int width = values.length / tokens;
    for (int t = 0; t < tokens; t++) {
      int at = t * width;
      part(ValueNames.queries(layer), values, at, config.heads() * size);
      part(ValueNames.keys(layer), values, at + config.heads() * size, config.kvHeads() * size);
      part(ValueNames.values(layer), values, at + both * size, config.kvHeads() * size);
      for (int head = 0; head < both; head++) {
        double sum = 0;
        for (int i = 0; i < size; i++) {
          double x = values[at + head * size + i];
          sum += x * x;
        }
        squares[head] = Math.max(squares[head], sum);
      }
    }
  }

  private void part(String name, float[] values, int from, int length) {
    seen.computeIfAbsent(name, unused -> new Reach()).add(values, from, length);
  }

  private ActivationRange scores(double[] squares) {
    int group = config.heads() / config.kvHeads();
    double most = 0;
    for (int head = 0; head < config.heads(); head++) {
      most = Math.max(most, squares[head] * squares[config.heads() + head / group]);
    }
    float bound = (float) (Math.sqrt(most) / Math.sqrt(config.headSize()));
    return new ActivationRange(-bound, bound, 0);
  }

  private static ActivationRange constant(StoredTensor tensor) {
    float[] numbers = new float[Math.toIntExact(tensor.elements())];
    tensor.read(0, Math.toIntExact(tensor.rows()), numbers, 0);
    Reach reach = new Reach();
    reach.add(numbers, numbers.length);
    return reach.range();
  }
}
