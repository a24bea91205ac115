package phiquant.engine.onnx.writer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.writer.options.OnnxOptions;
import phiquant.engine.onnx.writer.weights.Precision;
import phiquant.engine.onnx.writer.weights.Precisions;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.model.PhiModel;
import phiquant.model.Place;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.FloatType;
import phiquant.quant.matmulnbits.Algorithm;
import phiquant.quant.matmulnbits.NBitsFormat;
import phiquant.recipe.Candidate;
import phiquant.recipe.Menu;
import phiquant.recipe.Recipe;
import phiquant.study.Findings;

/**
 * What a folder for ONNX Runtime can be made of: blocks of 4 and of 8 bits, with the options' type.
 */
record OnnxMenu(OnnxOptions options) implements Menu {
  /** What graph and settings say of one recipe takes as much more than of another. */
  private static final long SAYING = 32_768;

  /**
   * Blocks as a choice of recipes.
   *
   * @param blocks as they are stored
   */
  private record Coded(NBitsFormat blocks) implements Candidate {
    @Override
    public String format() {
      return "int%d-b%d%s"
          .formatted(blocks.bits(), blocks.block(), blocks.symmetric() ? "" : "-asym");
    }

    @Override
    public boolean fits(long columns) {
      return columns % blocks.block() == 0;
    }

    @Override
    public long bytes(StoredTensor matrix) {
      return matrix.rows() * rowBytes(Math.toIntExact(matrix.columns()));
    }

    private long rowBytes(int columns) {
      return blocks.codeBytes(columns)
          + blocks.scaleBytes(columns)
          + (long) blocks.zeroPointBytes(columns);
    }

    @Override
    public void round(float[] x, int rows, int columns, float[] importance) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment codes = arena.allocate((long) rows * blocks.codeBytes(columns), 64);
        MemorySegment scales = arena.allocate((long) rows * blocks.scaleBytes(columns), 64);
        MemorySegment zeros =
            blocks.hasZeroPoints()
                ? arena.allocate((long) rows * blocks.zeroPointBytes(columns), 64)
                : null;
        if (importance == null) {
          blocks.encode(x, rows, columns, codes, scales, zeros);
        } else {
          blocks.weighted(importance).encode(x, rows, columns, codes, scales, zeros);
        }
        blocks.decode(codes, scales, zeros, rows, columns, x);
      }
    }
  }

  @Override
  public String engine() {
    return "onnx";
  }

  private static List<Coded> all(FloatType type) {
    List<Coded> all = new ArrayList<>();
    for (int block : List.of(16, 32, 64, 128)) {
      for (boolean symmetric : new boolean[] {true, false}) {
        all.add(new Coded(new NBitsFormat(Algorithm.DEFAULT, 4, block, symmetric, type)));
      }
    }
    for (int block : List.of(32, 128)) {
      all.add(new Coded(new NBitsFormat(Algorithm.DEFAULT, 8, block, true, type)));
    }
    return all;
  }

  @Override
  public List<Candidate> of(Weight weight, boolean calibrated) {
    if (!Menu.choosesFor(weight)) {
      return List.of();
    }
    return all(options.type()).stream()
        .filter(format -> format.fits(weight.tensor().columns()))
        .<Candidate>map(format -> format)
        .toList();
  }

  /** Each format alone, and the builder's mixes: with a head of 8 bits, or the K_M layers too. */
  @Override
  public List<Recipe> stock(PhiModel model, boolean calibrated) {
    List<Recipe> mixes = new ArrayList<>();
    for (Map<String, Integer> more :
        List.<Map<String, Integer>>of(
            Map.of(), Map.of("last_matmul", 8), Map.of("last_matmul", 8, "mixed_layers", 8))) {
      for (Coded format : all(options.type())) {
        mixes.add(mix(model, format, more));
      }
    }
    return mixes;
  }

  private Recipe mix(PhiModel model, Coded format, Map<String, Integer> more) {
    Precisions usual = options.precisions(model);
    Precisions mixed =
        new Precisions(
            usual.operators(),
            usual.type(),
            format.blocks().bits(),
            format.blocks().block(),
            format.blocks().symmetric(),
            usual.algorithm(),
            usual.accuracyLevel(),
            usual.excluded(),
            more,
            usual.layers(),
            false,
            false,
            Map.of());
    Map<String, Recipe.Choice> choices = new LinkedHashMap<>();
    for (Weight weight : model.piled()) {
      if (weight.isMatrix() && mixed.of(place(weight, model)) instanceof Precision.Blocks blocks) {
        Candidate own = new Coded(blocks.format());
        choices.put(weight.name(), own.choice(weight.tensor()));
      }
    }
    return new Recipe(engine(), choices);
  }

  /** A tied embedding is what the head is. */
  private static Place place(Weight weight, PhiModel model) {
    return weight.role() == Role.EMBEDDING && model.config().tiedHead()
        ? Place.of(Role.HEAD)
        : weight.place();
  }

  @Override
  public Footprint footprint(PhiModel model, Recipe recipe) {
    Onnx target =
        new Onnx(
            "onnx", options.with(formats(options, model, recipe)), List.of(), Optional.empty());
    ArtifactPlan plan = target.plan(model, "x", Findings.assumed(target.studies(), model));
    return AskedRecipe.footprint(plan, model, SAYING);
  }

  /** What a recipe gives to matrices, by their places. */
  static Map<Place, NBitsFormat> formats(OnnxOptions options, PhiModel model, Recipe recipe) {
    Map<Place, NBitsFormat> formats = new HashMap<>();
    for (Weight weight : model.piled()) {
      Recipe.Choice choice = recipe.choices().get(weight.name());
      if (choice != null) {
        all(options.type()).stream()
            .filter(format -> format.format().equalsIgnoreCase(choice.format()))
            .findFirst()
            .ifPresent(
                format ->
                    places(place(weight, model))
                        .forEach(place -> formats.put(place, format.blocks())));
      }
    }
    return formats;
  }

  /** A place, and those of the parts that a graph takes what is there apart into. */
  private static List<Place> places(Place whole) {
    List<Role> parts =
        switch (whole.role()) {
          case QKV -> List.of(Role.QKV, Role.QUERY, Role.KEY, Role.VALUE);
          case GATE_UP -> List.of(Role.GATE_UP, Role.GATE, Role.UP);
          default -> List.of(whole.role());
        };
    return parts.stream().map(role -> new Place(role, whole.layer())).toList();
  }
}
