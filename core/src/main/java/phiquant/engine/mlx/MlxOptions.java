package phiquant.engine.mlx;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import phiquant.UserError;
import phiquant.engine.plan.AskedRecipe;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.quant.FloatType;
import phiquant.quant.affine.GroupFormats;
import phiquant.recipe.Allowance;
import phiquant.study.InputSquares;

/**
 * What may follow {@code --to mlx:}. Formats: {@code 4bit} and the other widths, {@code mxfp4},
 * {@code nvfp4}, {@code mxfp8}, {@code mixed_2_6} and the other mixes, {@code fp16}, {@code bf16},
 * {@code fp32}. Options: {@code group}, {@code dtype}, {@code rope}, {@code router}, {@code
 * tensor-bits} (exceptions, separated by semicolons), {@code imatrix}; {@code target-size}, {@code
 * bpw}, {@code max-kl} or {@code recipe} instead of a format.
 */
public final class MlxOptions {
  private static final Pattern UNIFORM = Pattern.compile("(\\d+)bit");
  private static final Pattern MIXED = Pattern.compile("mixed_([234])_([46])");
  private static final List<String> MIXES =
      List.of("mixed_2_6", "mixed_3_4", "mixed_3_6", "mixed_4_6");

  /** Options that choose formats, as a budget or a recipe does. */
  private static final List<String> CHOOSING = List.of("group", "router", "tensor-bits");

  private static final Set<String> KEYS =
      Stream.of(
              CHOOSING,
              List.of("dtype", "rope", InputSquares.KEY, AskedRecipe.FILE),
              Allowance.KEYS)
          .flatMap(List::stream)
          .collect(Collectors.toSet());

  private static final Map<String, FloatType> FLOATS =
      Map.of(
          "fp16", FloatType.FLOAT16,
          "float16", FloatType.FLOAT16,
          "bf16", FloatType.BFLOAT16,
          "bfloat16", FloatType.BFLOAT16,
          "fp32", FloatType.FLOAT32,
          "float32", FloatType.FLOAT32);

  private MlxOptions() {}

  /**
   * The target that a spec asks for.
   *
   * @throws UserError a usage error that lists what is possible
   */
  public static Target target(TargetSpec spec) {
    for (String key : spec.options().keySet()) {
      if (!KEYS.contains(key)) {
        throw UserError.usage(
            "mlx has no option '%s'; it has %s.".formatted(key, String.join(", ", sorted(KEYS))));
      }
    }
    Optional<AskedRecipe> asked = AskedRecipe.of(spec, CHOOSING);
    MlxRecipe recipe = recipe(spec, asked);
    if (recipe.mode().isEmpty() && !recipe.overrides().isEmpty()) {
      throw UserError.usage(recipe.name() + " quantizes nothing, so tensor-bits has no meaning.");
    }
    Optional<InputSquares> squares = InputSquares.of(spec.options());
    if (squares.isPresent() && !recipe.mode().equals(Optional.of("affine"))) {
      throw InputSquares.uselessFor("mlx:" + recipe.name());
    }
    return new MlxTarget(spec.shown(), recipe, has(spec, "rope", "short", "long"), squares, asked);
  }

  private static MlxRecipe recipe(TargetSpec spec, Optional<AskedRecipe> asked) {
    String name = spec.format().isEmpty() ? "4bit" : spec.format().toLowerCase(Locale.ROOT);
    Optional<FloatType> type =
        Optional.ofNullable(spec.options().get("dtype")).map(MlxOptions::type);
    Optional<Integer> group = group(spec);
    boolean router = has(spec, "router", "quantized", "float");
    List<TensorBits> overrides =
        Pattern.compile(";")
            .splitAsStream(spec.options().getOrDefault("tensor-bits", ""))
            .filter(text -> !text.isBlank())
            .map(TensorBits::parse)
            .toList();
    if (asked.isPresent()) {
      return new MlxRecipe(
          asked.get().label(),
          Optional.of("affine"),
          4,
          Optional.empty(),
          Optional.empty(),
          type,
          false,
          List.of());
    }
    Matcher uniform = UNIFORM.matcher(name);
    Matcher mixed = MIXED.matcher(name);
    if (uniform.matches()) {
      int bits = uniform.group(1).length() > 2 ? 99 : Integer.parseInt(uniform.group(1));
      GroupFormats.checkAffine(bits, group.orElse(64));
      return new MlxRecipe(
          name, Optional.of("affine"), bits, Optional.empty(), group, type, router, overrides);
    }
    if (mixed.matches() && MIXES.contains(name)) {
      int low = Integer.parseInt(mixed.group(1));
      Optional<Integer> high = Optional.of(Integer.parseInt(mixed.group(2)));
      GroupFormats.checkAffine(low, group.orElse(64));
      return new MlxRecipe(name, Optional.of("affine"), low, high, group, type, router, overrides);
    }
    if (GroupFormats.MODES.contains(name) && !name.equals("affine")) {
      int bits = name.equals("mxfp8") ? 8 : 4;
      int own = name.equals("nvfp4") ? 16 : 32;
      GroupFormats.of(name, bits, group.orElse(own), FloatType.BFLOAT16);
      return new MlxRecipe(
          name,
          Optional.of(name),
          bits,
          Optional.empty(),
          Optional.empty(),
          type,
          router,
          overrides);
    }
    if (FLOATS.containsKey(name)) {
      if (type.isPresent() || group.isPresent()) {
        throw UserError.usage(name + " is a type already and has no groups; leave the option out.");
      }
      return new MlxRecipe(
          name,
          Optional.empty(),
          0,
          Optional.empty(),
          Optional.empty(),
          Optional.of(FLOATS.get(name)),
          router,
          overrides);
    }
    throw UserError.usage(
        "mlx has no format '%s'; it has 2bit, 3bit, 4bit, 5bit, 6bit, 8bit, mxfp4, nvfp4, mxfp8, %s, fp16, bf16, fp32."
            .formatted(spec.format(), String.join(", ", MIXES)));
  }

  private static Optional<Integer> group(TargetSpec spec) {
    String text = spec.options().get("group");
    if (text == null) {
      return Optional.empty();
    }
    if (!text.matches("\\d{1,6}")) {
      throw UserError.usage("group=" + text + " is not a number; MLX has groups of 32, 64, 128.");
    }
    return Optional.of(Integer.parseInt(text));
  }

  private static FloatType type(String text) {
    FloatType type = FLOATS.get(text.toLowerCase(Locale.ROOT));
    if (type == null) {
      throw UserError.usage(
          "mlx has no dtype '%s'; it has %s."
              .formatted(text, String.join(", ", sorted(FLOATS.keySet()))));
    }
    return type;
  }

  /** Whether an option has the first of its two values; the second is usual. */
  private static boolean has(TargetSpec spec, String key, String value, String usual) {
    String given = spec.options().getOrDefault(key, usual);
    if (!given.equals(value) && !given.equals(usual)) {
      throw UserError.usage("%s is %s or %s, not '%s'.".formatted(key, value, usual, given));
    }
    return given.equals(value);
  }

  private static List<String> sorted(Set<String> names) {
    return names.stream().sorted().toList();
  }
}
