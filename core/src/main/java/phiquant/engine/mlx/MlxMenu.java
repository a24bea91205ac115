package phiquant.engine.mlx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.mlx.MlxRecipe.Choice;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.FloatType;
import phiquant.quant.affine.GroupFormat;
import phiquant.quant.affine.GroupFormats;
import phiquant.recipe.Candidate;
import phiquant.recipe.Menu;
import phiquant.recipe.Recipe;
import phiquant.study.InputSquares;

/**
 * What a folder for MLX can be made of: affine codes of any width and group, a choice for each
 * layer, as mlx-lm's {@code config.json} lists them.
 *
 * @param target with all but the formats
 */
record MlxMenu(MlxTarget target) implements Menu {
  /** What mlx-lm asks of a row, whatever its own group is; and the group of what is not listed. */
  private static final int GROUP = 64;

  /**
   * What {@code config.json} and the header say of one recipe takes as much more than of another.
   */
  private static final long SAYING = 16_384;

  /**
   * A width and a group.
   *
   * @param type of scales and biases
   */
  private record Affine(int bits, int group, FloatType type) implements Candidate {
    @Override
    public String format() {
      return bits + "bit-g" + group;
    }

    @Override
    public boolean fits(long columns) {
      return columns % GROUP == 0 && columns % group == 0;
    }

    @Override
    public long bytes(StoredTensor matrix) {
      return Math.round(matrix.elements() * grid().bitsPerWeight() / 8);
    }

    private GroupFormat grid() {
      return GroupFormats.affine(bits, group, type);
    }

    @Override
    public void round(float[] x, int rows, int columns, float[] importance) {
      GroupFormat format = importance == null ? grid() : grid().weighted(importance);
      int groups = rows * columns / group;
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment packed = arena.allocate((long) groups * format.packedBytes(), 64);
        MemorySegment scales = arena.allocate((long) groups * format.scaleBytes(), 64);
        MemorySegment biases = arena.allocate((long) groups * format.biasBytes(), 64);
        format.encode(x, 0, groups, packed, scales, biases);
        format.decode(packed, scales, biases, groups, x, 0);
      }
    }
  }

  @Override
  public String engine() {
    return "mlx";
  }

  /** Where two are of one size, the one with more bits comes first. */
  @Override
  public List<Candidate> of(Weight weight, boolean calibrated) {
    if (!Menu.choosesFor(weight)) {
      return List.of();
    }
    FloatType type = target.recipe().type().orElseGet(() -> MlxWeight.stored(weight));
    List<Candidate> formats = new ArrayList<>();
    for (int bits : GroupFormats.BITS.reversed()) {
      for (int group : GroupFormats.GROUP_SIZES.reversed()) {
        Candidate format = new Affine(bits, group, type);
        if (format.fits(weight.tensor().columns())) {
          formats.add(format);
        }
      }
    }
    return formats;
  }

  /** mlx-lm's uniform recipes and its mixes. */
  @Override
  public List<Recipe> stock(PhiModel model, boolean calibrated) {
    List<MlxRecipe> mixes = new ArrayList<>();
    for (int group : GroupFormats.GROUP_SIZES) {
      for (int bits : GroupFormats.BITS) {
        mixes.add(recipe(bits, Optional.empty(), Optional.of(group), List.of()));
      }
    }
    for (int[] mix : new int[][] {{2, 6}, {3, 4}, {3, 6}, {4, 6}}) {
      mixes.add(recipe(mix[0], Optional.of(mix[1]), Optional.empty(), List.of()));
    }
    return mixes.stream().map(mix -> choices(mix, model, calibrated)).toList();
  }

  private MlxRecipe recipe(
      int bits, Optional<Integer> high, Optional<Integer> group, List<TensorBits> exceptions) {
    return new MlxRecipe(
        target.recipe().name(),
        Optional.of("affine"),
        bits,
        high,
        group,
        target.recipe().type(),
        false,
        exceptions);
  }

  private Recipe choices(MlxRecipe mix, PhiModel model, boolean calibrated) {
    Map<String, Recipe.Choice> choices = new LinkedHashMap<>();
    for (Weight weight : model.piled()) {
      List<Candidate> menu = of(weight, calibrated);
      Optional<Choice> own = mix.choice(weight, model.config().layers());
      if (!menu.isEmpty() && own.isPresent()) {
        Candidate format = new Affine(own.get().bits(), own.get().group(), FloatType.BFLOAT16);
        choices.put(weight.name(), format.choice(weight.tensor()));
      }
    }
    return new Recipe(engine(), choices);
  }

  @Override
  public Footprint footprint(PhiModel model, Recipe recipe) {
    ArtifactPlan plan = target.with(chosen(recipe)).laid(model, "x", InputSquares.Found.NOTHING);
    return AskedRecipe.footprint(plan, model, SAYING);
  }

  /** A recipe's formats: what most weights have, and exceptions from it. */
  MlxRecipe chosen(Recipe recipe) {
    Map<Affine, Long> weights = new LinkedHashMap<>();
    recipe
        .choices()
        .values()
        .forEach(choice -> weights.merge(affine(choice.format()), 1L, Long::sum));
    Affine most =
        weights.entrySet().stream()
            .max(Map.Entry.comparingByValue())
            .map(Map.Entry::getKey)
            .orElseThrow();
    List<TensorBits> exceptions = new ArrayList<>();
    recipe
        .choices()
        .forEach(
            (weight, choice) -> {
              Affine own = affine(choice.format());
              if (own.bits != most.bits || own.group != GROUP) {
                String layer = weight.replaceFirst("\\.weight$", "");
                exceptions.add(
                    new TensorBits(
                        Pattern.compile("^" + Pattern.quote(layer) + "$"),
                        own.bits,
                        Optional.of(own.group)));
              }
            });
    return recipe(most.bits, Optional.empty(), Optional.empty(), exceptions);
  }

  private static Affine affine(String format) {
    String[] numbers = format.split("bit-g");
    return new Affine(
        Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]), FloatType.BFLOAT16);
  }
}
