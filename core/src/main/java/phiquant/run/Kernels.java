package phiquant.run;

import java.util.IdentityHashMap;
import java.util.Map;
import phiquant.model.Linear;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.stored.Matrices;

/** The weights as they are used: matrices in place in the mapped file, norms decoded. */
final class Kernels {
  // By identity: a weight's own equality would look at all of its tensor's description each time.
  private final Map<Weight, Matrix> matrices = new IdentityHashMap<>();
  private final Map<Weight, float[]> vectors = new IdentityHashMap<>();

  Kernels(PhiModel model, Network network) {
    for (Weight weight : model.weights()) {
      boolean table = weight == network.embedding() && weight != network.head().weight();
      if (table) {
        continue; // Rows are looked up in it, nothing is multiplied with it.
      }
      if (weight.isMatrix()) {
        matrices.put(weight, Matrices.of(weight.tensor()));
      } else {
        float[] values = new float[Math.toIntExact(weight.tensor().elements())];
        weight.tensor().read(0, 1, values, 0);
        vectors.put(weight, values);
      }
    }
  }

  Matrix of(Linear linear) {
    return matrices.get(linear.weight());
  }

  float[] of(Norm norm) {
    return vectors.get(norm.weight());
  }
}
