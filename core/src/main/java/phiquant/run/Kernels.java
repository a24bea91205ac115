package phiquant.run;

import java.util.IdentityHashMap;
import java.util.Map;
import phiquant.checkpoint.StoredTensor;
import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Experts;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Mlp;
import phiquant.model.Network;
import phiquant.model.Norm;
import phiquant.model.Weight;
import phiquant.model.vision.Vision;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.stored.Matrices;

/**
 * The weights as they are used: matrices in place in the mapped file, norms and biases decoded.
 * Finds them by following the network once with nothing in its hands.
 */
final class Kernels implements Flow<Void> {
  // By identity: a record's own equality would look at all of its tensors' description each time.
  private final Map<Linear, Matrix> matrices = new IdentityHashMap<>();
  private final Map<Linear, float[]> biases = new IdentityHashMap<>();
  private final Map<Weight, float[]> vectors = new IdentityHashMap<>();

  Kernels(Network network) {
    network.logits(network.stream(this), this);
  }

  /** Those of a part that sees. */
  Kernels(Vision vision) {
    vision.tower().of(null, this);
    vision.project(null, this);
  }

  Matrix of(Linear linear) {
    return matrices.get(linear);
  }

  /** Another matrix for a product from now on. */
  void use(Linear linear, StoredTensor matrix) {
    matrices.put(linear, Matrices.of(matrix));
  }

  /** What is added to the product; null if nothing is. */
  float[] bias(Linear linear) {
    return biases.get(linear);
  }

  float[] of(Norm norm) {
    return vectors.get(norm.weight());
  }

  /** What is added to what was normalized. */
  float[] bias(Norm norm) {
    return vectors.get(norm.bias().orElseThrow());
  }

  /** Rows are looked up in it, nothing is multiplied with it. */
  @Override
  public Void embed(Weight table) {
    return null;
  }

  @Override
  public Void norm(Norm norm, Void x) {
    vectors.put(norm.weight(), values(norm.weight().tensor()));
    norm.bias().ifPresent(bias -> vectors.put(bias, values(bias.tensor())));
    return null;
  }

  @Override
  public Void linear(Linear linear, Void x) {
    matrices.put(linear, Matrices.of(linear.matrix()));
    linear.bias().ifPresent(bias -> biases.put(linear, values(bias)));
    return null;
  }

  @Override
  public Void head(Linear head, Void x) {
    return linear(head, x);
  }

  @Override
  public Void attend(Attention attention, Void qkv, int layer) {
    return null;
  }

  @Override
  public Void gate(Mlp mlp, Void gateUp) {
    return null;
  }

  @Override
  public Void experts(Experts experts, Void x, Void scores) {
    experts.all().forEach(expert -> expert.of(x, this));
    return null;
  }

  @Override
  public Void activate(Activation activation, Void x) {
    return null;
  }

  @Override
  public Void add(Void stream, Void branch) {
    return null;
  }

  private static float[] values(StoredTensor vector) {
    float[] values = new float[Math.toIntExact(vector.elements())];
    vector.read(0, 1, values, 0);
    return values;
  }
}
