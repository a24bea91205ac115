package phiquant.engine.mlx;

import java.util.Optional;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import phiquant.UserError;
import phiquant.quant.affine.GroupFormats;

/**
 * A user's exception from a recipe, written {@code REGEX=BITS[:GROUP]}: layers whose name the
 * expression is found in get that many bits.
 *
 * @param pattern searched for in a layer's name, such as {@code model.layers.0.mlp.down_proj}
 * @param bits of a code
 * @param groupSize weights in a group, if stated
 */
public record TensorBits(Pattern pattern, int bits, Optional<Integer> groupSize) {
  /** Reads one; the last {@code =} separates, so the expression may hold others. */
  public static TensorBits parse(String text) {
    int equals = text.lastIndexOf('=');
    if (equals < 1) {
      throw wrong(text);
    }
    String[] numbers = text.substring(equals + 1).split(":", 2);
    try {
      int bits = Integer.parseInt(numbers[0]);
      GroupFormats.checkAffine(bits, 64);
      Optional<Integer> group = Optional.empty();
      if (numbers.length == 2) {
        group = Optional.of(Integer.parseInt(numbers[1]));
        GroupFormats.checkAffine(bits, group.get());
      }
      return new TensorBits(Pattern.compile(text.substring(0, equals)), bits, group);
    } catch (NumberFormatException | PatternSyntaxException e) {
      throw wrong(text);
    }
  }

  /** Whether this exception is meant for the layer of that name. */
  public boolean matches(String path) {
    return pattern.matcher(path).find();
  }

  private static UserError wrong(String text) {
    return UserError.usage(
        "'%s' is not REGEX=BITS[:GROUP], such as 'layers\\.0\\.=8' or 'down_proj=6:32'."
            .formatted(text));
  }
}
