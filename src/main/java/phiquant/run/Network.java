package phiquant.run;

import java.util.ArrayList;
import java.util.List;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.run.matrix.Matrices;
import phiquant.run.matrix.Matrix;

/**
 * The weights as they are used: matrices in place, norms decoded.
 *
 * @param config hyperparameters
 * @param embedding {@code [vocabulary, hidden]}
 * @param layers from the first to the last
 * @param outputNorm {@code [hidden]}
 * @param head {@code [vocabulary, hidden]}, the embedding if it is tied
 */
record Network(
    PhiConfig config, Weight embedding, List<Layer> layers, float[] outputNorm, Linear head) {

  /** A matrix, and the weight that it is. */
  record Linear(Weight weight, Matrix matrix) {
    static Linear of(Weight weight) {
      return new Linear(weight, Matrices.of(weight.tensor()));
    }
  }

  /**
   * One transformer layer.
   *
   * @param qkv {@code [(heads + 2 kvHeads) · headSize, hidden]}
   * @param output {@code [hidden, heads · headSize]}
   * @param gateUp {@code [2 feedForward, hidden]}
   * @param down {@code [hidden, feedForward]}
   */
  record Layer(
      float[] attentionNorm,
      Linear qkv,
      Linear output,
      float[] feedForwardNorm,
      Linear gateUp,
      Linear down) {}

  static Network of(PhiModel model) {
    List<Layer> layers = new ArrayList<>();
    for (int i = 0; i < model.config().layers(); i++) {
      layers.add(
          new Layer(
              vector(model.weight(Role.ATTENTION_NORM, i)),
              Linear.of(model.weight(Role.QKV, i)),
              Linear.of(model.weight(Role.ATTENTION_OUTPUT, i)),
              vector(model.weight(Role.FEED_FORWARD_NORM, i)),
              Linear.of(model.weight(Role.GATE_UP, i)),
              Linear.of(model.weight(Role.DOWN, i))));
    }
    Weight embedding = model.weight(Role.EMBEDDING, -1);
    return new Network(
        model.config(),
        embedding,
        layers,
        vector(model.weight(Role.OUTPUT_NORM, -1)),
        Linear.of(model.config().tiedHead() ? embedding : model.weight(Role.HEAD, -1)));
  }

  private static float[] vector(Weight weight) {
    float[] values = new float[Math.toIntExact(weight.tensor().elements())];
    weight.tensor().read(0, 1, values, 0);
    return values;
  }
}
