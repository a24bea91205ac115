package phiquant.engine.openvino;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import phiquant.model.Weight;

/**
 * The names by which a weight is known in an IR, for reading and writing alike: a matrix by its
 * constant's, which is Hugging Face's; a norm, whose constant has none, by its module in the name
 * of the operator that uses it. Optimum's exporter puts {@code self.} before a constant's name and
 * {@code ._openvino_orig_weight} behind it, and {@code __module.} before an operator's.
 */
public final class IrNames {
  /** Behind the name of a matrix: its scales. */
  public static final String SCALE = "/scale";

  /** Behind the name of a matrix: its zero points. */
  public static final String ZERO_POINT = "/zero_point";

  /** As in {@code __module.model.norm/aten::mul/Multiply_1}. */
  private static final Pattern MODULE = Pattern.compile("(?:__module\\.)?(.*?)/.*");

  private static final Pattern PILED = Pattern.compile("(.*\\.experts\\.)(w\\d\\.weight)");

  private IrNames() {}

  /** What the names of the operators that use a weight begin with. */
  public static String scope(Weight weight) {
    return weight.name().replaceFirst("\\.weight$", "/");
  }

  /** The Hugging Face name that a constant's name has in it. */
  public static String tensor(String constant) {
    return constant
        .replaceFirst("^self\\.", "")
        .replaceFirst("\\._openvino_orig_(weight|bias)", ".$1");
  }

  /** The name of a layer's experts as one constant, given the first's. */
  public static String piled(String first) {
    return first.replace(".experts.0.", ".experts.");
  }

  /** The names of so many experts, given that of their constant; none if it is another's. */
  public static List<String> apart(String constant, long experts) {
    Matcher piled = PILED.matcher(constant);
    return piled.matches()
        ? LongStream.range(0, experts)
            .mapToObj(e -> piled.group(1) + e + "." + piled.group(2))
            .toList()
        : List.of();
  }

  /** The norm that an operator is part of. */
  public static Optional<String> norm(String operator) {
    return module(operator).filter(module -> module.matches(".*norm\\d?"));
  }

  /** Whether an operator is part of a product with a weight. */
  public static boolean isLinear(String operator) {
    return module(operator)
        .filter(module -> module.endsWith("_proj") || module.equals("lm_head"))
        .isPresent();
  }

  private static Optional<String> module(String operator) {
    Matcher module = MODULE.matcher(operator);
    return module.matches() ? Optional.of(module.group(1)) : Optional.empty();
  }
}
