package phiquant.recipe;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import phiquant.model.PhiConfig;
import phiquant.model.Role;
import phiquant.model.Weight;
import phiquant.quant.ggml.GgmlType;

/**
 * Which tensor gets which type, decided as llama-quantize decides it without an importance matrix.
 * Source: {@code llama_tensor_get_type} and what it calls in llama.cpp's llama-quant.cpp.
 *
 * @param fileType the mix
 * @param pure whether all matrices get the mix's default type
 * @param overrides types for tensors whose name matches; the first match counts
 * @param outputType type of {@code output.weight}, if given
 * @param embeddingType type of {@code token_embd.weight}, if given
 * @param leaveOutput whether {@code output.weight} stays as it is
 */
public record GgufRecipe(
    GgufFileType fileType,
    boolean pure,
    List<Choice> overrides,
    Optional<GgmlType> outputType,
    Optional<GgmlType> embeddingType,
    boolean leaveOutput) {

  /** A pattern of tensor names, searched for anywhere in the name, and the type it asks for. */
  public record Choice(Pattern names, GgmlType type) {}

  /** The mix alone. */
  public static GgufRecipe of(GgufFileType fileType) {
    return new GgufRecipe(fileType, false, List.of(), Optional.empty(), Optional.empty(), false);
  }

  /**
   * The type of a weight.
   *
   * @param name of the tensor in the file, for overrides
   * @param stored the type that it has in an unquantized file, kept where nothing is quantized
   */
  public GgmlType typeOf(Weight weight, String name, PhiConfig config, GgmlType stored) {
    if (!weight.isMatrix()) {
      return GgmlType.F32;
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

  private GgmlType mixed(Weight weight, PhiConfig config) {
    int layer = weight.layer();
    int layers = config.layers();
    return switch (weight.role()) {
      case HEAD -> output(weight);
      case EMBEDDING -> config.tiedHead() ? output(weight) : embedding();
      case QKV -> fileType == GgufFileType.MXFP4_MOE ? GgmlType.Q8_0 : qkv(layer, layers, config);
      case DOWN -> fileType == GgufFileType.MXFP4_MOE ? GgmlType.Q8_0 : down(layer, layers);
      case ATTENTION_OUTPUT -> attentionOutput();
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
    return GgmlType.Q6_K;
  }

  private GgmlType embedding() {
    return switch (fileType) {
      case MXFP4_MOE -> GgmlType.Q8_0;
      case TQ1_0, TQ2_0 -> GgmlType.Q4_K;
      default -> fileType.defaultType();
    };
  }

  /** Fused query, key and value follow the rule of the value. */
  private GgmlType qkv(int layer, int layers, PhiConfig config) {
    boolean manyQueries = config.heads() / config.kvHeads() >= 4;
    GgmlType type = fileType.defaultType();
    return switch (fileType) {
      case Q2_K -> manyQueries ? GgmlType.Q4_K : GgmlType.Q3_K;
      case Q2_K_S -> manyQueries ? GgmlType.Q4_K : type;
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
      case Q4_K_S, IQ4_NL, IQ4_XS -> firstEighth ? GgmlType.Q5_K : type;
      default -> type;
    };
  }

  private GgmlType attentionOutput() {
    return switch (fileType) {
      case Q2_K -> GgmlType.Q3_K;
      case Q3_K_M -> GgmlType.Q4_K;
      case Q3_K_L -> GgmlType.Q5_K;
      case MXFP4_MOE -> GgmlType.Q8_0;
      default -> fileType.defaultType();
    };
  }

  /** The first and the last eighth of the layers, and every third between. */
  private static boolean moreBits(int layer, int layers) {
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
  }

  /** Where the block does not divide a row: a type with blocks of 32, or F16. */
  private static GgmlType fallback(GgmlType type, long columns) {
    if (columns % type.blockSize() == 0) {
      return type;
    }
    GgmlType smaller =
        switch (type) {
          case IQ4_XS -> GgmlType.IQ4_NL;
          case Q2_K, Q3_K, TQ1_0, TQ2_0 -> GgmlType.Q4_0;
          case Q4_K -> GgmlType.Q5_0;
          case Q5_K -> GgmlType.Q5_1;
          case Q6_K -> GgmlType.Q8_0;
          default -> type;
        };
    return columns % smaller.blockSize() == 0 ? smaller : GgmlType.F16;
  }
}
