package phiquant.engine.gguf.writer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import phiquant.UserError;
import phiquant.engine.gguf.PreparedMixture;
import phiquant.engine.gguf.recipe.GgufFileType;
import phiquant.engine.gguf.recipe.GgufRecipe;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.TargetSpec;
import phiquant.quant.ggml.GgmlType;

/**
 * What was asked for after {@code gguf:}, under llama-quantize's names.
 *
 * @param recipe which tensor gets which type
 * @param converterLayout whether keys and tensors stand in the order of convert_hf_to_gguf instead
 *     of llama-quantize
 * @param splitMaxSize bytes of tensors in one file of a split model, 0 for one file
 * @param name replaces {@code general.name}
 * @param imatrix the file of an importance matrix
 * @param imatrixZeros whether columns of which the matrix knows nothing count nothing
 * @param exactMixture whether a mixture's weights are prepared so that llama.cpp comes close to it
 * @param asked a budget or a recipe's file instead of a file type, if there is one
 */
record GgufOptions(
    GgufRecipe recipe,
    boolean converterLayout,
    long splitMaxSize,
    Optional<String> name,
    Optional<String> imatrix,
    boolean imatrixZeros,
    boolean exactMixture,
    Optional<AskedRecipe> asked) {
  /** Options that choose types, as a recipe does. */
  private static final List<String> CHOOSING =
      List.of(
          "pure",
          "tensor-type",
          "output-tensor-type",
          "token-embedding-type",
          "leave-output-tensor");

  private static final Set<String> KEYS =
      new TreeSet<>(
          Set.of(
              "pure",
              "tensor-type",
              "output-tensor-type",
              "token-embedding-type",
              "leave-output-tensor",
              "layout",
              "split-max-size",
              "name",
              "imatrix",
              "imatrix-zeros",
              "moe",
              "target-size",
              "bpw",
              "max-kl",
              "recipe"));

  static GgufOptions of(TargetSpec spec) {
    for (String key : spec.options().keySet()) {
      if (!KEYS.contains(key)) {
        throw UserError.usage(
            "gguf has no option '" + key + "'; it has " + String.join(", ", KEYS) + ".");
      }
    }
    Map<String, String> options = spec.options();
    Optional<AskedRecipe> asked = AskedRecipe.of(spec, CHOOSING);
    String format = spec.format().isEmpty() ? "Q4_K_M" : spec.format();
    GgufFileType fileType =
        GgufFileType.named(format)
            .orElseThrow(
                () ->
                    UserError.usage(
                        "gguf has no file type '"
                            + format
                            + "'; it has "
                            + GgufFileType.names()
                            + "."));
    String layout = options.getOrDefault("layout", "quantize");
    if (!layout.equals("quantize") && !layout.equals("convert")) {
      throw UserError.usage("gguf: layout=" + layout + "; it can be quantize or convert.");
    }
    GgufRecipe recipe =
        new GgufRecipe(
            fileType,
            TargetSpec.flag("gguf", options, "pure", false),
            choices(options.getOrDefault("tensor-type", "")),
            type(options, "output-tensor-type"),
            type(options, "token-embedding-type"),
            TargetSpec.flag("gguf", options, "leave-output-tensor", false),
            options.containsKey("imatrix"));
    if (options.containsKey("imatrix-zeros") && !options.containsKey("imatrix")) {
      throw UserError.usage("gguf: imatrix-zeros is for an importance matrix: give imatrix=FILE.");
    }
    if (fileType.needsImportance() && !options.containsKey("imatrix")) {
      throw UserError.usage(
          "gguf: "
              + fileType
              + " is garbage without an importance matrix: give one with --imatrix FILE, made by"
              + " phiquant calibrate or llama-imatrix.");
    }
    return new GgufOptions(
        recipe,
        layout.equals("convert"),
        size(options.getOrDefault("split-max-size", "0")),
        Optional.ofNullable(options.get("name")),
        Optional.ofNullable(options.get("imatrix")),
        TargetSpec.flag("gguf", options, "imatrix-zeros", false),
        exactMixture(options.getOrDefault("moe", "converter")),
        asked);
  }

  /** The same with types that were chosen otherwise. */
  GgufOptions with(GgufRecipe other) {
    return new GgufOptions(
        other,
        converterLayout,
        splitMaxSize,
        name,
        imatrix,
        imatrixZeros,
        exactMixture,
        Optional.empty());
  }

  private static boolean exactMixture(String text) {
    if (!text.equals("converter") && !text.equals(PreparedMixture.EXACT)) {
      throw UserError.usage("gguf: moe=" + text + "; it can be converter or exact.");
    }
    return text.equals(PreparedMixture.EXACT);
  }

  /** {@code REGEX=TYPE}, in any case as in llama-quantize, several separated by semicolons. */
  private static List<GgufRecipe.Choice> choices(String text) {
    List<GgufRecipe.Choice> choices = new ArrayList<>();
    for (String choice : text.split(";")) {
      if (choice.isBlank()) {
        continue;
      }
      int equals = choice.lastIndexOf('=');
      if (equals < 1) {
        throw UserError.usage("gguf: tensor-type=" + choice + "; it looks like attn_v=Q6_K.");
      }
      try {
        choices.add(
            new GgufRecipe.Choice(
                Pattern.compile(choice.substring(0, equals), Pattern.CASE_INSENSITIVE),
                type(choice.substring(equals + 1))));
      } catch (PatternSyntaxException e) {
        throw UserError.usage(
            "gguf: tensor-type=" + choice + " is not a pattern: " + e.getDescription() + ".");
      }
    }
    return choices;
  }

  private static Optional<GgmlType> type(Map<String, String> options, String key) {
    return Optional.ofNullable(options.get(key)).map(GgufOptions::type);
  }

  private static GgmlType type(String name) {
    return GgmlType.named(name)
        .orElseThrow(
            () ->
                UserError.usage(
                    "gguf has no tensor type '"
                        + name
                        + "'; it has "
                        + String.join(
                            ", ", Arrays.stream(GgmlType.values()).map(Enum::name).toList())
                        + "."));
  }

  /** {@code 300M} or {@code 2G}, in thousands as llama-gguf-split counts. */
  private static long size(String text) {
    if (!text.matches("\\d{1,9}[MG]?")) {
      throw UserError.usage("gguf: split-max-size=" + text + "; it looks like 300M or 2G.");
    }
    long number = Long.parseLong(text.replaceAll("[MG]", ""));
    return number * (text.endsWith("G") ? 1_000_000_000L : text.endsWith("M") ? 1_000_000L : 1);
  }
}
