package phiquant.engine.openvino.writer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.TargetSpec;
import phiquant.quant.nncf.CompressionFormat;
import phiquant.quant.nncf.F4E2M1;
import phiquant.quant.nncf.IntegerFormat;
import phiquant.quant.nncf.Nf4;
import phiquant.recipe.Allowance;
import phiquant.study.InputSquares;

/**
 * What was asked for after {@code openvino:}. The names are those of {@code optimum-cli export
 * openvino} where it has them.
 *
 * @param format {@code fp32}, {@code fp16}, {@code int8}, {@code int4}, {@code nf4} or {@code
 *     mxfp4}
 * @param symmetric whether integers have no zero point
 * @param group weights that share a scale; -1 for whole rows
 * @param ratio the share of parameters that become 4-bit, where NNCF's rule chooses them
 * @param layers {@code auto}, {@code nncf}, {@code all} or a pattern of names
 * @param allLayers whether embedding and head become 4-bit too
 * @param fallback what happens where the group does not divide a row
 * @param npu whether the artifact is for Intel's NPU
 * @param squares of inputs, for which integers are rounded, if they are
 * @param askedVision precision of the part that sees, if it was given
 */
record Options(
    String format,
    boolean symmetric,
    int group,
    double ratio,
    String layers,
    boolean allLayers,
    Fallback fallback,
    boolean npu,
    Optional<InputSquares> squares,
    Optional<String> askedVision) {

  /** The option for the part that sees, which every format has. */
  private static final String VISION = "vision";

  /** Where the group does not divide a row: a smaller group, 8 bits, or an error. */
  enum Fallback {
    ADJUST,
    IGNORE,
    ERROR
  }

  private static final Set<String> FORMATS =
      new TreeSet<>(Set.of("fp32", "fp16", "int8", "int4", "nf4", "mxfp4"));

  /** Options for {@code int4} that have a name: those of Microsoft's Phi cookbook. */
  private static final Map<String, Map<String, String>> RECIPES =
      Map.of(
          "cookbook", Map.of("sym", "true", "group", "128", "ratio", "0.6"),
          "cookbook-vision", Map.of("sym", "true", "group", "64", "ratio", "0.6"));

  /** Options that choose formats, as a budget or a recipe does. */
  static final List<String> CHOOSING =
      List.of(
          "sym", "asym", "group", "ratio", "layers", "all-layers", "group-size-fallback", "device");

  private static final Set<String> KEYS =
      Stream.of(CHOOSING, Allowance.KEYS, List.of(VISION, InputSquares.KEY, AskedRecipe.FILE))
          .flatMap(List::stream)
          .collect(Collectors.toCollection(TreeSet::new));

  /** What each format has no use for. */
  private static final Map<String, Set<String>> MEANINGLESS =
      Map.of(
          "fp32", withoutVision(),
          "fp16", withoutVision(),
          "int8", Set.of("group", "ratio", "layers", "all-layers", "group-size-fallback"),
          "int4", Set.of(),
          "nf4", Set.of("sym", "asym", InputSquares.KEY),
          "mxfp4", Set.of("sym", "asym", "group", InputSquares.KEY));

  /**
   * Reads and checks options.
   *
   * @throws UserError (usage) naming what is possible
   */
  static Options of(String format, Map<String, String> options) {
    if (RECIPES.containsKey(format)) {
      Map<String, String> all = new HashMap<>(RECIPES.get(format));
      all.putAll(options);
      return of("int4", all);
    }
    if (!FORMATS.contains(format)) {
      throw UserError.usage(
          "openvino has no format '"
              + format
              + "'; it has "
              + String.join(", ", FORMATS)
              + ", and the recipes "
              + String.join(", ", new TreeSet<>(RECIPES.keySet()))
              + ".");
    }
    for (String key : options.keySet()) {
      if (!KEYS.contains(key)) {
        throw UserError.usage(
            "openvino has no option '" + key + "'; it has " + String.join(", ", KEYS) + ".");
      }
    }
    boolean npu = options.containsKey("device") && device(options.get("device"));
    boolean fourBits = format.equals("int4") || format.equals("nf4") || format.equals("mxfp4");
    for (String key : MEANINGLESS.get(format)) {
      if (options.containsKey(key)) {
        if (key.equals(InputSquares.KEY)) {
          throw InputSquares.uselessFor("openvino:" + format);
        }
        throw UserError.usage("openvino:" + format + " has no option '" + key + "'.");
      }
    }
    boolean symmetric = npu || flag(options, "sym");
    if (symmetric && flag(options, "asym")) {
      throw UserError.usage(
          "openvino: give 'sym' or 'asym', not both; device=npu is always symmetric.");
    }
    String layers =
        options.getOrDefault(
            "layers", npu ? "all" : options.containsKey("ratio") ? "nncf" : "auto");
    int group =
        group(format, options.getOrDefault("group", fourBits ? usual(format, layers) : "row"));
    if (options.containsKey("ratio") && !layers.equals("nncf")) {
      throw UserError.usage(
          "openvino: 'ratio' goes with layers=nncf, not with "
              + (options.containsKey("layers") ? "layers=" + layers : "device=npu")
              + ".");
    }
    return new Options(
        format,
        symmetric,
        group,
        ratio(options.getOrDefault("ratio", "1")),
        layers,
        flag(options, "all-layers"),
        fallback(options.getOrDefault("group-size-fallback", "adjust")),
        npu,
        InputSquares.of(options),
        vision(options));
  }

  /** Of a folder whose formats a recipe says. */
  Options ofRecipe() {
    return new Options(
        format, symmetric, group, ratio, "recipe", allLayers, fallback, npu, squares, askedVision);
  }

  private static Set<String> withoutVision() {
    Set<String> keys = new TreeSet<>(KEYS);
    keys.remove(VISION);
    return keys;
  }

  private static Optional<String> vision(Map<String, String> options) {
    Optional<String> asked = Optional.ofNullable(options.get(VISION));
    if (asked.isPresent() && !asked.get().matches("int8|fp16|fp32")) {
      throw UserError.usage("openvino: vision=" + asked.get() + "; it can be int8, fp16, fp32.");
    }
    return asked;
  }

  /** Whether a precision for the part that sees was given. */
  boolean asksForVision() {
    return askedVision.isPresent();
  }

  /** The precision of the part that sees: 8 bits beside codes, as the peer has it. */
  String vision() {
    return askedVision.orElse(isCompressed() ? "int8" : format);
  }

  /** What tells artifacts apart by their names: the format, and what is not usual about it. */
  String label() {
    boolean usualGroup =
        group == F4E2M1.GROUP && format.equals("mxfp4")
            || fourBits().isEmpty()
            || Integer.toString(group).equals(usual(format, layers));
    return format
        + (npu ? "-npu" : symmetric ? "-sym" : "")
        + (usualGroup ? "" : group == WeightPrecision.Compressed.WHOLE_ROW ? "-row" : "-g" + group)
        + (ratio == 1 ? "" : "-r" + ratio)
        + askedVision.map(asked -> "-vision-" + asked).orElse("");
  }

  /** Whether weights are codes with scales, not plain floats. */
  boolean isCompressed() {
    return fourBits().isPresent() || format.equals("int8");
  }

  /** The 4-bit format, if there is one. */
  Optional<CompressionFormat> fourBits() {
    return switch (format) {
      case "int4" -> Optional.of(symmetric ? IntegerFormat.INT4_SYM : IntegerFormat.INT4_ASYM);
      case "nf4" -> Optional.of(new Nf4());
      case "mxfp4" -> Optional.of(new F4E2M1());
      default -> Optional.empty();
    };
  }

  /** The pattern of layers' names, if {@code layers} is one. */
  Pattern pattern() {
    try {
      return Pattern.compile(layers);
    } catch (PatternSyntaxException e) {
      throw UserError.usage(
          "openvino: layers="
              + layers
              + " is none of auto, nncf, all, nor a pattern of names: "
              + e.getDescription()
              + ".");
    }
  }

  private static boolean flag(Map<String, String> options, String key) {
    return TargetSpec.flag("openvino", options, key, false);
  }

  private static boolean device(String device) {
    return switch (device) {
      case "npu" -> true;
      case "cpu", "gpu" -> false;
      default -> throw UserError.usage("openvino: device=" + device + "; it has cpu, gpu, npu.");
    };
  }

  /**
   * The group, if none is given: NNCF's, but for integers in our own choice of layers 64, which
   * optimum-intel takes for Phi too (its table of defaults has Phi-3.5-mini and Phi-4-mini): 1 %
   * more bytes, and better in every figure. NF4 gains nothing from it.
   */
  private static String usual(String format, String layers) {
    return format.equals("int4") && layers.equals("auto") ? "64" : "128";
  }

  private static int group(String format, String text) {
    if (format.equals("mxfp4")) {
      return F4E2M1.GROUP;
    }
    return switch (text) {
      case "-1", "row" -> WeightPrecision.Compressed.WHOLE_ROW;
      case "16", "32", "64", "128", "256" -> Integer.parseInt(text);
      default ->
          throw UserError.usage(
              "openvino: group=" + text + "; it can be 16, 32, 64, 128, 256 or row.");
    };
  }

  private static double ratio(String text) {
    try {
      double ratio = Double.parseDouble(text);
      if (ratio >= 0 && ratio <= 1) {
        return ratio;
      }
    } catch (NumberFormatException e) {
      // Told below, with the numbers that are not between 0 and 1.
    }
    throw UserError.usage("openvino: ratio=" + text + "; it is a number from 0 to 1.");
  }

  private static Fallback fallback(String text) {
    return switch (text) {
      case "adjust" -> Fallback.ADJUST;
      case "ignore" -> Fallback.IGNORE;
      case "error" -> Fallback.ERROR;
      default ->
          throw UserError.usage(
              "openvino: group-size-fallback=" + text + "; it can be adjust, ignore or error.");
    };
  }
}
