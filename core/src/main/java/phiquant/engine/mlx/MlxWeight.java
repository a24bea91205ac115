package phiquant.engine.mlx;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import phiquant.engine.mlx.MlxRecipe.Choice;
import phiquant.engine.plan.PiledRows;
import phiquant.engine.plan.RowEncoder;
import phiquant.model.PhiModel;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.FloatType;
import phiquant.quant.affine.GroupFormat;
import phiquant.quant.affine.GroupFormats;
import phiquant.study.InputSquares;

/**
 * One weight of the model and the tensors that it becomes: {@code weight} alone, or {@code weight},
 * {@code scales} and {@code biases}.
 *
 * @param source of its rows
 * @param type of floats, and what the weights are rounded to before they are quantized
 * @param quantized its format, if it is not kept as floats
 * @param importance how much its columns count, as {@link InputSquares.Found#of} has it
 * @param stored its tensors
 */
record MlxWeight(
    Weight source,
    FloatType type,
    Optional<GroupFormat> quantized,
    List<float[]> importance,
    List<Stored> stored) {

  /** A tensor and, once it is placed, where it lies. */
  static final class Stored {
    private final String name;
    private final String dtype;
    private final List<Long> shape;
    private final long bytes;
    private int shard;
    private long begin;

    private Stored(String name, String dtype, List<Long> shape, long bytes) {
      this.name = name;
      this.dtype = dtype;
      this.shape = shape;
      this.bytes = bytes;
    }

    String name() {
      return name;
    }

    String dtype() {
      return dtype;
    }

    List<Long> shape() {
      return shape;
    }

    long bytes() {
      return bytes;
    }

    int shard() {
      return shard;
    }

    long begin() {
      return begin;
    }

    void place(int shard, long begin) {
      this.shard = shard;
      this.begin = begin;
    }
  }

  /** All weights in the order of mlx-lm's model, by which it fills its files. */
  static List<MlxWeight> of(PhiModel model, MlxRecipe recipe, InputSquares.Found found) {
    int layers = model.config().layers();
    boolean parallel = model.weights().stream().anyMatch(weight -> weight.role() == Role.UP);
    List<MlxWeight> weights = new ArrayList<>();
    MlxExperts.piled(model).stream()
        .sorted(Comparator.comparingInt(weight -> order(weight, layers, parallel)))
        .forEach(weight -> weights.add(of(weight, model, recipe, found)));
    return weights;
  }

  private static MlxWeight of(
      Weight weight, PhiModel model, MlxRecipe recipe, InputSquares.Found found) {
    Optional<Choice> choice = recipe.choice(weight, model.config().layers());
    return choice.isPresent()
        ? quantized(weight, model, recipe, choice.get(), found)
        : floats(weight, model, recipe);
  }

  /** One that is not quantized. */
  static MlxWeight floats(Weight weight, PhiModel model, MlxRecipe recipe) {
    FloatType type = recipe.type().orElseGet(() -> type(weight, model));
    List<Long> shape = weight.tensor().shape();
    long bytes = weight.tensor().elements() * type.bytes();
    return new MlxWeight(
        weight,
        type,
        Optional.empty(),
        List.of(),
        List.of(new Stored(weight.name(), type.storedName(), shape, bytes)));
  }

  private static MlxWeight quantized(
      Weight weight, PhiModel model, MlxRecipe recipe, Choice chosen, InputSquares.Found found) {
    FloatType type = recipe.type().orElseGet(() -> type(weight, model));
    List<Long> shape = weight.tensor().shape();
    GroupFormat format = GroupFormats.of(chosen.mode(), chosen.bits(), chosen.group(), type);
    List<Long> rows = shape.subList(0, shape.size() - 1);
    long groups = weight.tensor().columns() / format.groupSize();
    String path = MlxRecipe.path(weight);
    List<Stored> stored = new ArrayList<>();
    stored.add(tensor(path + ".weight", "U32", 4, rows, groups * format.packedBytes()));
    String scaleType = format.biasBytes() == 0 ? "U8" : type.storedName();
    int scaleBytes = format.scaleBytes();
    stored.add(tensor(path + ".scales", scaleType, scaleBytes, rows, groups * scaleBytes));
    if (format.biasBytes() > 0) {
      stored.add(tensor(path + ".biases", scaleType, scaleBytes, rows, groups * scaleBytes));
    }
    return new MlxWeight(weight, type, Optional.of(format), found.of(weight.tensor()), stored);
  }

  private static Stored tensor(
      String name, String dtype, int elementBytes, List<Long> rows, long rowBytes) {
    List<Long> shape = new ArrayList<>(rows);
    shape.add(rowBytes / elementBytes);
    long count = rows.stream().reduce(1L, Math::multiplyExact);
    return new Stored(name, dtype, List.copyOf(shape), count * rowBytes);
  }

  /** What config.json says, otherwise what the tensor is stored as, otherwise bfloat16. */
  private static FloatType type(Weight weight, PhiModel model) {
    String configured = model.checkpoint().config().path("torch_dtype").asText();
    for (FloatType type : FloatType.values()) {
      if (type.name().equalsIgnoreCase(configured)) {
        return type;
      }
    }
    return stored(weight);
  }

  /** What the tensor is stored as, otherwise bfloat16. */
  static FloatType stored(Weight weight) {
    for (FloatType type : FloatType.values()) {
      if (type.storedName().equals(weight.tensor().format())) {
        return type;
      }
    }
    return FloatType.BFLOAT16;
  }

  /** A parallel block has its norm before the feed-forward part, others after it. */
  private static int order(Weight weight, int layers, boolean parallel) {
    int withinLayer =
        switch (weight.role()) {
          case EMBEDDING -> 0;
          case QUERY, KEY, VALUE, QKV -> 1;
          case ATTENTION_OUTPUT -> 2;
          case GATE_UP, GATE, ROUTER -> 3;
          case EXPERT_GATE -> 4;
          case EXPERT_UP -> 5;
          case EXPERT_DOWN -> 6;
          case DOWN -> parallel ? 10 : 6;
          case ATTENTION_NORM -> 7;
          case FEED_FORWARD_NORM -> 8;
          case UP -> 9;
          case OUTPUT_NORM -> 11;
          case HEAD -> 12;
        };
    int layer =
        switch (weight.role()) {
          case EMBEDDING -> -1;
          case OUTPUT_NORM, HEAD -> layers;
          default -> weight.layer();
        };
    return (layer + 1) * 16 + withinLayer;
  }

  boolean isQuantized() {
    return quantized.isPresent();
  }

  long bytes() {
    return stored.stream().mapToLong(Stored::bytes).sum();
  }

  /** How its numbers are stored, such as {@code affine 4-bit g64} or {@code BF16}. */
  String format() {
    return quantized
        .map(
            format ->
                format.biasBytes() == 0
                    ? format.mode()
                    : "affine %d-bit g%d".formatted(format.bits(), format.groupSize()))
        .orElse(type.storedName());
  }

  RowEncoder encoder() {
    return quantized
        .map(
            format ->
                PiledRows.of(
                    importance,
                    source.tensor().rows(),
                    own -> new GroupRows(own.map(format::weighted).orElse(format))))
        .orElse((x, rows, columns, out) -> type.encode(x, 0, rows * columns, out[0]));
  }
}
