package phiquant.engine.gguf.imatrix;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.engine.gguf.reader.GgufFile;
import phiquant.model.PhiConfig;
import phiquant.model.PhiModel;
import phiquant.model.Weight;

/**
 * What a matrix that was made here says of its model, in keys that llama.cpp passes over, so that
 * it is not taken for another model whose weights have the same names and widths. Norms tell two
 * trainings of one architecture apart and stay floats in every format; they are compared with some
 * tolerance, for files round them.
 *
 * @param name for people
 * @param shape vocabulary, hidden, feed-forward, layers, heads and heads of keys, all that must be
 *     the same
 * @param norms the root of the mean square of each norm's weights, in the model's order
 */
public record ModelTraits(String name, String shape, List<Float> norms) {
  private static final String NAME = "phiquant.model.name";
  private static final String SHAPE = "phiquant.model.shape";
  private static final String NORMS = "phiquant.model.norms";

  /** More than bfloat16 moves a mean, less than a training does. */
  private static final float TOLERANCE = 1e-3f;

  /** Those of a model. */
  public static ModelTraits of(PhiModel model) {
    PhiConfig config = model.config();
    List<Float> norms = new ArrayList<>();
    for (Weight weight : model.weights()) {
      if (!weight.isMatrix() && !weight.bias()) {
        norms.add(meanSquareRoot(weight));
      }
    }
    return new ModelTraits(
        String.valueOf(model.checkpoint().path().toAbsolutePath().normalize().getFileName()),
        "%d %d %d %d %d %d"
            .formatted(
                config.vocabulary(),
                config.hidden(),
                config.feedForward(),
                config.layers(),
                config.heads(),
                config.kvHeads()),
        List.copyOf(norms));
  }

  private static float meanSquareRoot(Weight weight) {
    float[] values = new float[Math.toIntExact(weight.tensor().elements())];
    weight.tensor().read(0, Math.toIntExact(weight.tensor().rows()), values, 0);
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return (float) Math.sqrt(sum / values.length);
  }

  /** What a file says, if it says it. */
  public static Optional<ModelTraits> read(GgufFile file) {
    String name = file.text(NAME);
    String shape = file.text(SHAPE);
    String norms = file.text(NORMS);
    if (name == null || shape == null || norms == null) {
      return Optional.empty();
    }
    try {
      List<Float> numbers =
          norms.isEmpty()
              ? List.of()
              : List.of(norms.split(" ")).stream().map(Float::valueOf).toList();
      return Optional.of(new ModelTraits(name, shape, numbers));
    } catch (NumberFormatException e) {
      throw ImportanceMatrix.wrong(file.path().toString(), NORMS + " is '" + norms + "'");
    }
  }

  /** As keys of a file. */
  public Map<String, String> keys() {
    List<String> numbers = norms.stream().map(String::valueOf).toList();
    return new java.util.TreeMap<>(
        Map.of(NAME, name, SHAPE, shape, NORMS, String.join(" ", numbers)));
  }

  /** Whether both are of one model, whatever its weights are stored as. */
  public boolean fits(ModelTraits other) {
    boolean fits = shape.equals(other.shape) && norms.size() == other.norms.size();
    for (int i = 0; fits && i < norms.size(); i++) {
      float difference = Math.abs(norms.get(i) - other.norms.get(i));
      fits = difference <= TOLERANCE * Math.abs(norms.get(i));
    }
    return fits;
  }
}
