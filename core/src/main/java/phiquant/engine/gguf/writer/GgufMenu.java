package phiquant.engine.gguf.writer;

import java.util.List;
import java.util.Map;
import phiquant.engine.gguf.recipe.GgmlMenu;
import phiquant.engine.gguf.recipe.GgufRecipe;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.AskedRecipe;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.ggml.GgmlType;
import phiquant.recipe.Candidate;
import phiquant.recipe.Menu;
import phiquant.recipe.Recipe;

/** What a GGUF file with these options can be made of. */
record GgufMenu(GgufOptions options) implements Menu {
  @Override
  public String engine() {
    return "gguf";
  }

  @Override
  public List<Candidate> of(Weight weight, boolean calibrated) {
    return GgmlMenu.of(weight, calibrated);
  }

  @Override
  public List<Recipe> stock(PhiModel model, boolean calibrated) {
    return GgmlMenu.stock(model, calibrated);
  }

  @Override
  public Footprint footprint(PhiModel model, Recipe recipe) {
    ArtifactPlan plan = new Gguf("gguf", chosen(options, model, recipe)).laid(model, "x");
    return AskedRecipe.footprint(plan, model, 0);
  }

  /** The options with a recipe's types. */
  static GgufOptions chosen(GgufOptions options, PhiModel model, Recipe recipe) {
    Map<String, GgmlType> types = GgmlMenu.types(recipe);
    return options.with(
        GgufRecipe.of(GgmlMenu.fileType(model, types), options.imatrix().isPresent(), types));
  }
}
