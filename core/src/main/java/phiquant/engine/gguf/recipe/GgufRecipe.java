package phiquant.engine.gguf.recipe;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import phiquant.model.PhiConfig;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.ggml.GgmlType;

/**
 * Which tensor gets which type, decided as llama-quantize decides it. Source: {@code
 * llama_tensor_get_type} and what it calls in llama.cpp's llama-quant.cpp.
 *
 * @param fileType the mix
 * @param pure whether all matrices get the mix's default type
 * @param overrides types for tensors whose name matches; the first match counts
 * @param outputType type of {@code output.weight}, if given
 * @param embeddingType type of {@code token_embd.weight}, if given
 * @param leaveOutput whether {@code output.weight} stays as it is
 * @param hasImportance whether there is an importance matrix, which changes some choices
 * @param chosen types of weights, by their Hugging Face names, that a recipe has chosen
 */
public record GgufRecipe(
    GgufFileType fileType,
    boolean pure,
    List<Choice> overrides,
    Optional<GgmlType> outputType,
    Optional<GgmlType> embeddingType,
    boolean leaveOutput,
    boolean hasImportance,
    Map<String, GgmlType> chosen) {

  /** One that no recipe has changed. */
  public GgufRecipe(
      GgufFileType fileType,
      boolean pure,
      List<Choice> overrides,
      Optional<GgmlType> outputType,
      Optional<GgmlType> embeddingType,
      boolean leaveOutput,
      boolean hasImportance) {
    this(
        fileType, pure, overrides, outputType, embeddingType, leaveOutput, hasImportance, Map.of());
  }

  /** What a recipe has chosen; the mix is what the file calls itself. */
  public static GgufRecipe of(
      GgufFileType fileType, boolean hasImportance, Map<String, GgmlType> chosen) {
    return new GgufRecipe(
        fileType,
        false,
        List.of(),
        Optional.empty(),
        Optional.empty(),
        false,
        hasImportance,
        chosen);
  }

  /** A pattern of tensor names, searched for anywhere in the name, and the type it asks for. */
  public record Choice(Pattern names, GgmlType type) {}

  /** The mix alone. */
  public static GgufRecipe of(GgufFileType fileType) {
    return new GgufRecipe(
        fileType, false, List.of(), Optional.empty(), Optional.empty(), false, false);
  }

  /**
   * The type of a weight.
   *
   * @param name of the tensor in the file, for overrides
   * @param stored the type that it has in an unquantized file, kept where nothing is quantized
   */
  public GgmlType typeOf(Weight weight, String name, PhiConfig config, GgmlType stored) {
    if (!weight.isMatrix() || weight.role() == Role.ROUTER) {
      return GgmlType.F32;
    }
    if (chosen.containsKey(weight.name())) {
      return chosen.get(weight.name());
    }
    if (weight.role() == Role.HEAD && leaveOutput) {
      return stored;
    }
    if (weight.role() == Role.EMBEDDING && embeddingType.isPresent()) {
      return embeddingType.get();
    }
    if (weight.role() == Role.HEAD && outputType.isPresent()) {
      return outputType.get();
    }
    GgmlType type = fileType.defaultType();
    if (!type.isQuantized()) {
      return type;
    }
    Optional<Choice> choice =
        overrides.stream().filter(each -> each.names().matcher(name).find()).findFirst();
    if (choice.isPresent()) {
      type = choice.get().type();
    } else if (!pure) {
      type = mixed(weight, config);
    }
    return fallback(type, weight.tensor().columns());
  }

  /** Whether a tensor of that type is garbage here without importances. Source: as above. */
  public boolean needsImportance(GgmlType type, Role role) {
    return type.needsImportance() && role != Role.EMBEDDING && role != Role.HEAD;
  }

  private GgmlType mixed(Weight weight, PhiConfig config) {
    int layer = weight.layer();
    int layers = config.layers();
    return switch (weight.role()) {
      case HEAD -> output(weight);
      case EMBEDDING -> config.tiedHead() ? output(weight) : embedding();
      case QUERY, KEY -> queryOrKey();
      case QKV, VALUE ->
          fileType == GgufFileType.MXFP4_MOE ? GgmlType.Q8_0 : qkv(layer, layers, config);
      case DOWN -> fileType == GgufFileType.MXFP4_MOE ? GgmlType.Q8_0 : down(layer, layers);
      case EXPERT_DOWN -> fileType == GgufFileType.MXFP4_MOE ? GgmlType.MXFP4 : down(layer, layers);
      case EXPERT_GATE, EXPERT_UP ->
          fileType == GgufFileType.MXFP4_MOE ? GgmlType.MXFP4 : gateUp(layer, layers);
      case ATTENTION_OUTPUT -> attentionOutput();
      case GATE_UP, UP -> gateUp(layer, layers);
      default -> fileType == GgufFileType.MXFP4_MOE ? GgmlType.Q8_0 : fileType.defaultType();
    };
  }

  /** The head, or the embedding where it is the head too. */
  private GgmlType output(Weight weight) {
    GgmlType type = fileType.defaultType();
    if (outputType.isPresent()) {
      return outputType.get();
    }
    if (fileType == GgufFileType.MXFP4_MOE
        || type == GgmlType.Q8_0
        || weight.tensor().columns() % type.blockSize() != 0) {
      return GgmlType.Q8_0;
    }
    return switch (fileType) {
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ2_M, IQ3_XXS -> GgmlType.Q5_K;
      default -> GgmlType.Q6_K;
    };
  }

  private GgmlType embedding() {
    return switch (fileType) {
      case MXFP4_MOE -> GgmlType.Q8_0;
      case TQ1_0, TQ2_0, Q2_0 -> GgmlType.Q4_K;
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS -> GgmlType.Q2_K;
      case IQ2_S, IQ2_M, IQ3_XXS -> GgmlType.IQ3_S;
      default -> fileType.defaultType();
    };
  }

  private GgmlType queryOrKey() {
    return switch (fileType) {
      case IQ3_XS -> GgmlType.IQ3_XXS;
      case IQ3_XXS -> GgmlType.IQ2_S;
      case MXFP4_MOE -> GgmlType.Q8_0;
      default -> fileType.defaultType();
    };
  }

  /** Fused query, key and value follow the rule of the value. */
  private GgmlType qkv(int layer, int layers, PhiConfig config) {
    boolean manyQueries = config.heads() / config.kvHeads() >= 4;
    GgmlType type = fileType.defaultType();
    return switch (fileType) {
      case Q2_K -> manyQueries ? GgmlType.Q4_K : GgmlType.Q3_K;
      case Q2_K_S, IQ3_XS, IQ3_S -> manyQueries ? GgmlType.Q4_K : type;
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS -> manyQueries ? GgmlType.Q4_K : GgmlType.Q2_K;
      case IQ2_S, IQ2_M -> manyQueries ? GgmlType.Q4_K : GgmlType.IQ3_S;
      case IQ3_XXS -> manyQueries ? GgmlType.Q4_K : hasImportance ? type : GgmlType.IQ3_S;
      case IQ3_M -> GgmlType.Q4_K;
      case Q3_K_M -> layer < 2 ? GgmlType.Q5_K : GgmlType.Q4_K;
      case Q3_K_L -> GgmlType.Q5_K;
      case IQ4_NL, IQ4_XS -> manyQueries ? GgmlType.Q5_K : type;
      case Q4_K_S -> layer < 4 ? GgmlType.Q5_K : type;
      case Q4_K_M, Q5_K_M -> moreBits(layer, layers) ? GgmlType.Q6_K : type;
      default -> type;
    };
  }

  private GgmlType down(int layer, int layers) {
    GgmlType type = fileType.defaultType();
    boolean firstEighth = layer < layers / 8;
    return switch (fileType) {
      case Q2_K -> GgmlType.Q3_K;
      case Q2_K_S -> firstEighth ? GgmlType.Q4_K : type;
      case Q3_K_M -> layer < layers / 16 ? GgmlType.Q5_K : GgmlType.Q4_K;
      case Q3_K_L -> GgmlType.Q5_K;
      case Q4_K_M, Q5_K_M -> moreBits(layer, layers) ? GgmlType.Q6_K : type;
      case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS -> firstEighth ? GgmlType.Q2_K : type;
      case IQ2_S, IQ2_M -> firstEighth ? GgmlType.IQ3_S : type;
      case IQ3_XXS -> hasImportance ? type : firstEighth ? GgmlType.Q4_K : GgmlType.Q3_K;
      case IQ3_M -> firstEighth ? GgmlType.Q4_K : type;
      case Q4_K_S -> firstEighth ? GgmlType.Q5_K : type;
      case IQ4_NL, IQ4_XS -> firstEighth && !hasImportance ? GgmlType.Q5_K : type;
      case Q4_0 -> firstEighth && hasImportance ? GgmlType.Q4_1 : type;
      case Q5_0 -> firstEighth && hasImportance ? GgmlType.Q5_1 : type;
      default -> type;
    };
  }

  private GgmlType attentionOutput() {
    return switch (fileType) {
      case Q2_K -> GgmlType.Q3_K;
      case Q3_K_M, IQ3_M -> GgmlType.Q4_K;
      case Q3_K_L -> GgmlType.Q5_K;
      case IQ1_S, IQ1_M -> GgmlType.IQ2_XXS;
      case IQ2_S, IQ2_M, IQ3_XXS -> GgmlType.IQ3_S;
      case MXFP4_MOE -> GgmlType.Q8_0;
      default -> fileType.defaultType();
    };
  }

  private GgmlType gateUp(int layer, int layers) {
    return switch (fileType) {
      case IQ3_XS ->
          layer >= layers / 8 && layer < 7 * layers / 8 ? GgmlType.IQ3_XXS : GgmlType.IQ3_S;
      case MXFP4_MOE -> GgmlType.Q8_0;
      default -> fileType.defaultType();
    };
  }

  /** The first and the last eighth of the layers, and every third between. */
  private static boolean moreBits(int layer, int layers) {
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
  }

  /**
   * Where the block does not divide a row: a type with blocks of 32, or F16. For Q1_0, for which
   * llama-quantize gives up, it is F16.
   */
  private static GgmlType fallback(GgmlType type, long columns) {
    if (columns % type.blockSize() == 0) {
      return type;
    }
    GgmlType smaller =
        switch (type) {
          case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S, IQ4_XS -> GgmlType.IQ4_NL;
          case Q2_K, Q3_K, TQ1_0, TQ2_0, Q2_0, NVFP4 -> GgmlType.Q4_0;
          case Q4_K -> GgmlType.Q5_0;
          case Q5_K -> GgmlType.Q5_1;
          case Q6_K -> GgmlType.Q8_0;
          default -> type;
        };
    return columns % smaller.blockSize() == 0 ? smaller : GgmlType.F16;
  }
}
