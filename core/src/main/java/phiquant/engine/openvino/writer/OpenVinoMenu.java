package phiquant.engine.openvino.writer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.openvino.writer.WeightPrecision.Compressed;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.CompressionFormat.Grid;
import phiquant.quant.nncf.CompressionFormats;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.WeightedIntegers;
import phiquant.recipe.Candidate;
import phiquant.recipe.Menu;
import phiquant.recipe.Recipe;
import phiquant.study.InputSquares;

/**
 * What a folder for OpenVINO can be made of: integers of 8 bits by the row, and of 4 bits in groups
 * of several sizes, all with zero points.
 */
record OpenVinoMenu(Options options) implements Menu {
  /** What the XML says of one recipe takes as much more than of another. */
  private static final long SAYING = 32_768;

  private static final List<Integers> FORMATS =
      List.of(
          new Integers("int8", IntegerFormat.INT8_ASYM, Compressed.WHOLE_ROW),
          new Integers("int4-g16", IntegerFormat.INT4_ASYM, 16),
          new Integers("int4-g32", IntegerFormat.INT4_ASYM, 32),
          new Integers("int4-g64", IntegerFormat.INT4_ASYM, 64),
          new Integers("int4-g128", IntegerFormat.INT4_ASYM, 128));

  /**
   * Integers as a choice of recipes.
   *
   * @param group weights that share a scale, or whole rows
   */
  private record Integers(String format, IntegerFormat integers, int group) implements Candidate {
    @Override
    public boolean fits(long columns) {
      return group == Compressed.WHOLE_ROW || columns % group == 0;
    }

    @Override
    public long bytes(StoredTensor matrix) {
      long size = group == Compressed.WHOLE_ROW ? matrix.columns() : group;
      return Math.round(matrix.elements() * integers.bitsPerWeight(size) / 8);
    }

    @Override
    public void round(float[] x, int rows, int columns, float[] importance) {
      int size = group == Compressed.WHOLE_ROW ? columns : group;
      int groups = rows * (columns / size);
      byte[] codes = new byte[size];
      CompressionFormat fastest = CompressionFormats.fastest(integers);
      if (importance == null) {
        for (int g = 0; g < groups; g++) {
          Grid grid = stored(fastest.encode(x, g * size, size, codes, 0));
          fastest.decode(codes, 0, size, grid, x, g * size);
        }
        return;
      }
      WeightedIntegers search = new WeightedIntegers(integers, size, importance);
      Grid[] grids = search.grids(x, groups);
      for (int g = 0; g < groups; g++) {
        search.codes(x, g, grids[g], codes);
        fastest.decode(codes, 0, size, stored(grids[g]), x, g * size);
      }
    }

    /** Scales have 16 bits in the file. */
    private static Grid stored(Grid grid) {
      return new Grid(Float.float16ToFloat(Float.floatToFloat16(grid.scale())), grid.zeroPoint());
    }
  }

  @Override
  public String engine() {
    return "openvino";
  }

  @Override
  public List<Candidate> of(Weight weight, boolean calibrated) {
    if (!Menu.choosesFor(weight)) {
      return List.of();
    }
    return FORMATS.stream()
        .filter(format -> format.fits(weight.tensor().columns()))
        .<Candidate>map(format -> format)
        .toList();
  }

  /**
   * All layers in one format or in our own choice's, embedding and head in 8 bits, and all in 8.
   */
  @Override
  public List<Recipe> stock(PhiModel model, boolean calibrated) {
    List<Recipe> mixes = new ArrayList<>();
    List<Set<Weight>> smaller =
        List.of(LayerChoice.auto(model), Set.copyOf(LayerChoice.candidates(model)));
    for (Integers format : FORMATS) {
      for (Set<Weight> small : smaller) {
        mixes.add(mix(model, format, small));
      }
    }
    return mixes;
  }

  private static Recipe mix(PhiModel model, Integers format, Set<Weight> small) {
    Map<String, Recipe.Choice> choices = new LinkedHashMap<>();
    for (Weight weight : model.piled()) {
      if (Menu.choosesFor(weight)) {
        boolean fits = small.contains(weight) && format.fits(weight.tensor().columns());
        Integers own = fits ? format : FORMATS.getFirst();
        choices.put(weight.name(), own.choice(weight.tensor()));
      }
    }
    return new Recipe("openvino", choices);
  }

  @Override
  public Footprint footprint(PhiModel model, Recipe recipe) {
    ArtifactPlan plan =
        new OpenVino("openvino", options, Optional.empty())
            .laid(model, "x", precisions(model, recipe), InputSquares.Found.NOTHING, List.of());
    return AskedRecipe.footprint(plan, model, SAYING);
  }

  /** What a recipe gives to matrices. */
  static Map<Weight, WeightPrecision> precisions(PhiModel model, Recipe recipe) {
    Map<Weight, WeightPrecision> precisions = new LinkedHashMap<>();
    for (Weight weight : model.piled()) {
      if (weight.isMatrix()) {
        String chosen = recipe.choices().get(weight.name()).format();
        Integers format =
            FORMATS.stream()
                .filter(each -> each.format().equalsIgnoreCase(chosen))
                .findFirst()
                .orElseThrow();
        precisions.put(weight, new Compressed(format.integers(), format.group()));
      }
    }
    return precisions;
  }
}
