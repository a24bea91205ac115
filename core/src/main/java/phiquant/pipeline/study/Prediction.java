package phiquant.pipeline.study;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import phiquant.model.PhiModel;
import phiquant.run.LayerWalk;
import phiquant.run.floats.Divergence;

/**
 * What the original makes of some texts: its stream before every layer, and its predictions. What
 * changes in one layer is computed from there on.
 *
 * @param windows {@code [windows][tokens]}
 * @param streams {@code [layers + 1][windows]}, each {@code [tokens, hidden]}
 * @param logs logarithms of probabilities, {@code [windows, tokens, vocabulary]}
 */
record Prediction(int[][] windows, float[][][] streams, MemorySegment logs) {
  /** Runs the original. */
  static Prediction of(PhiModel model, int[][] windows, int threads, Arena arena) {
    int vocabulary = model.config().vocabulary();
    int length = windows[0].length;
    long floats = (long) windows.length * length * vocabulary;
    MemorySegment logs = arena.allocate(4 * floats, 64);
    float[][][] streams = new float[model.config().layers() + 1][windows.length][];
    try (LayerWalk walk = new LayerWalk(model, length, threads)) {
      for (int w = 0; w < windows.length; w++) {
        streams[0][w] = walk.embed(windows[w]);
        for (int layer = 0; layer < walk.layers(); layer++) {
          streams[layer + 1][w] = streams[layer][w].clone();
          walk.pass(layer, streams[layer + 1][w], null);
        }
        long at = (long) w * length * vocabulary;
        walk.logits(
            streams[walk.layers()][w].clone(),
            (index, logits) -> {
              Divergence.normalize(logits);
              MemorySegment.copy(
                  logits,
                  0,
                  logs,
                  ValueLayout.JAVA_FLOAT,
                  4 * (at + (long) index * vocabulary),
                  vocabulary);
            });
      }
    }
    return new Prediction(windows, streams, logs);
  }

  int length() {
    return windows[0].length;
  }

  /**
   * How far another model's predictions are from these, in nats a token.
   *
   * @param stream what comes out of its last layer, which may take its memory
   */
  double divergence(LayerWalk walk, int window, float[] stream, int vocabulary) {
    double[] sum = new double[1];
    float[] exact = new float[vocabulary];
    walk.logits(
        stream,
        (index, logits) -> {
          long at = ((long) window * length() + index) * vocabulary;
          MemorySegment.copy(logs, ValueLayout.JAVA_FLOAT, 4 * at, exact, 0, vocabulary);
          sum[0] += Divergence.of(exact, logits, 0).divergence();
        });
    return sum[0] / length();
  }
}
