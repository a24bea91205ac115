package phiquant.engine.gguf.recipe;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.quant.ggml.GgmlType;
import phiquant.recipe.Candidate;
import phiquant.recipe.Menu;
import phiquant.recipe.Recipe;

/** The tensor types that a recipe may choose from, and llama.cpp's mixes of them. */
public final class GgmlMenu {
  /** Where two are of one size, the one that is faster to compute with comes first. */
  private static final List<GgmlType> TYPES =
      List.of(
          GgmlType.IQ1_S,
          GgmlType.IQ1_M,
          GgmlType.IQ2_XXS,
          GgmlType.IQ2_XS,
          GgmlType.IQ2_S,
          GgmlType.Q2_K,
          GgmlType.IQ3_XXS,
          GgmlType.Q3_K,
          GgmlType.IQ3_S,
          GgmlType.IQ4_XS,
          GgmlType.Q4_K,
          GgmlType.Q4_0,
          GgmlType.IQ4_NL,
          GgmlType.Q4_1,
          GgmlType.Q5_K,
          GgmlType.Q5_0,
          GgmlType.Q5_1,
          GgmlType.Q6_K,
          GgmlType.Q8_0,
          GgmlType.F16);

  private GgmlMenu() {}

  /** The types for a weight; none for what is never quantized. */
  public static List<Candidate> of(Weight weight, boolean calibrated) {
    if (!Menu.choosesFor(weight)) {
      return List.of();
    }
    return TYPES.stream()
        .filter(type -> calibrated || !type.needsImportance())
        .<Candidate>map(GgmlCandidate::new)
        .filter(rounding -> rounding.fits(weight.tensor().columns()))
        .toList();
  }

  /** llama.cpp's mixes that are made of these types. */
  public static List<Recipe> stock(PhiModel model, boolean calibrated) {
    return Stream.of(GgufFileType.values())
        .filter(type -> TYPES.contains(type.defaultType()))
        .filter(type -> calibrated || !type.needsImportance())
        .flatMap(type -> mix(type, model, calibrated).stream())
        .toList();
  }

  private static Optional<Recipe> mix(GgufFileType fileType, PhiModel model, boolean calibrated) {
    GgufRecipe mix =
        new GgufRecipe(
            fileType, false, List.of(), Optional.empty(), Optional.empty(), false, calibrated);
    Map<String, Recipe.Choice> choices = new LinkedHashMap<>();
    for (Weight weight : model.piled()) {
      List<Candidate> menu = of(weight, calibrated);
      if (menu.isEmpty()) {
        continue;
      }
      String type = mix.typeOf(weight, weight.name(), model.config(), GgmlType.BF16).name();
      Optional<Candidate> own =
          menu.stream().filter(rounding -> rounding.format().equals(type)).findFirst();
      if (own.isEmpty()) {
        return Optional.empty();
      }
      choices.put(weight.name(), own.get().choice(weight.tensor()));
    }
    return Optional.of(new Recipe("gguf", choices));
  }

  /** The types that a recipe gives to weights, by their names. */
  public static Map<String, GgmlType> types(Recipe recipe) {
    Map<String, GgmlType> types = new LinkedHashMap<>();
    recipe
        .choices()
        .forEach(
            (weight, choice) -> types.put(weight, GgmlType.named(choice.format()).orElseThrow()));
    return types;
  }

  /** What a file of these types calls itself: the mix whose usual type most weights have. */
  public static GgufFileType fileType(PhiModel model, Map<String, GgmlType> types) {
    Map<GgmlType, Long> weights = new LinkedHashMap<>();
    for (Weight weight : model.piled()) {
      if (types.containsKey(weight.name())) {
        weights.merge(types.get(weight.name()), weight.tensor().elements(), Long::sum);
      }
    }
    GgmlType most =
        weights.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
    return Stream.of(GgufFileType.values())
        .filter(type -> type.defaultType() == most)
        .findFirst()
        .orElseThrow();
  }
}
