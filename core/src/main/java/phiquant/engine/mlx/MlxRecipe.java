package phiquant.engine.mlx;

import java.util.List;
import java.util.Optional;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.FloatType;

/**
 * Which of MLX's formats every weight of a model gets, as mlx-lm decides it ({@code convert.py} and
 * {@code quantize_model} in {@code utils.py}): all matrices, embedding and head included, whose
 * rows the group divides; vectors stay floats.
 *
 * @param name what was asked for: {@code 4bit}, {@code mxfp4}, {@code mixed_4_6}, {@code fp16}
 * @param mode {@code affine}, {@code mxfp4}, {@code nvfp4} or {@code mxfp8}; empty if nothing is
 *     quantized
 * @param bits of most weights
 * @param highBits of the sensitive weights of a mixed recipe; empty for a uniform one
 * @param groupSize if the user chose one
 * @param type that floats are stored in; empty to follow the checkpoint
 * @param router whether routers are quantized too, as mlx-lm does; one that is off by a little
 *     chooses other experts, for a thousandth of the size
 * @param overrides the user's exceptions, the first that matches counts
 */
public record MlxRecipe(
    String name,
    Optional<String> mode,
    int bits,
    Optional<Integer> highBits,
    Optional<Integer> groupSize,
    Optional<FloatType> type,
    boolean router,
    List<TensorBits> overrides) {

  /**
   * What one layer gets.
   *
   * @param groupSize as {@code config.json} states it; empty means the mode's own, and is written
   *     as null
   */
  public record Choice(String mode, int bits, Optional<Integer> groupSize) {
    /** Weights in a group. */
    public int group() {
      return groupSize.orElse(defaultGroup(mode));
    }
  }

  /**
   * What holds for a layer that {@code config.json} does not list. A mixed recipe lists all of
   * them, and mlx-lm states its default of 4 bits beside.
   */
  public Choice uniform() {
    String which = mode.orElseThrow();
    Optional<Integer> group = Optional.of(groupSize.orElse(defaultGroup(which)));
    return new Choice(which, highBits.isPresent() ? 4 : bits, group);
  }

  /** The same under another name. */
  MlxRecipe named(String other) {
    return new MlxRecipe(other, mode, bits, highBits, groupSize, type, router, overrides);
  }

  /** The layer's name in {@code config.json}: the weight's without its last part. */
  public static String path(Weight weight) {
    return weight.name().replaceFirst("\\.weight$", "");
  }

  /** The choice that {@code config.json} lists for this weight, if it has one of its own. */
  public Optional<Choice> listed(Weight weight, int layers) {
    for (TensorBits override : overrides) {
      if (override.matches(path(weight))) {
        Choice uniform = uniform();
        return Optional.of(
            new Choice(
                "affine",
                override.bits(),
                override
                    .groupSize()
                    .or(() -> uniform.mode().equals("affine") ? uniform.groupSize() : groupSize)
                    .or(() -> Optional.of(defaultGroup("affine")))));
      }
    }
    return highBits.map(
        high -> new Choice("affine", isSensitive(weight, layers) ? high : bits, groupSize));
  }

  /** What a weight gets; empty if it stays a float. */
  public Optional<Choice> choice(Weight weight, int layers) {
    if (mode.isEmpty() || !weight.isMatrix() || isSpared(weight)) {
      return Optional.empty();
    }
    Choice choice = listed(weight, layers).orElseGet(this::uniform);
    // mlx-lm asks whether the uniform group divides, whatever the layer's own group is.
    boolean divides =
        weight.tensor().columns() % uniform().group() == 0
            && weight.tensor().columns() % choice.group() == 0;
    return divides ? Optional.of(choice) : Optional.empty();
  }

  /** Whether it is a router that stays a float; an exception for it counts more. */
  boolean isSpared(Weight weight) {
    return weight.role() == Role.ROUTER
        && !router
        && overrides.stream().noneMatch(override -> override.matches(path(weight)));
  }

  /** Head, and v and down in the first and last eighth and every third layer between. */
  private static boolean isSensitive(Weight weight, int layers) {
    int layer = weight.layer();
    boolean moreBits =
        layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
    return switch (weight.role()) {
      // By its name, so that a Phi-3-small's query_key_value is not meant.
      case QKV, VALUE -> moreBits && weight.name().contains("v_proj");
      case DOWN, EXPERT_DOWN -> moreBits;
      case HEAD -> true;
      default -> false;
    };
  }

  private static int defaultGroup(String mode) {
    return switch (mode) {
      case "affine" -> 64;
      case "nvfp4" -> 16;
      default -> 32;
    };
  }
}
