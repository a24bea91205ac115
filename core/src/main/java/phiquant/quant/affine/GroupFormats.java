package phiquant.quant.affine;

import java.util.List;
import phiquant.UserError;
import phiquant.quant.FloatType;
import phiquant.quant.VectorSupport;

/**
 * The number formats that MLX has, in the fastest form that this JVM can run. What MLX lacks is a
 * usage error that lists what there is.
 */
public final class GroupFormats {
  /** The modes, affine first. */
  public static final List<String> MODES = List.of("affine", "mxfp4", "nvfp4", "mxfp8");

  /** Bits of a code in affine mode. */
  public static final List<Integer> BITS = List.of(2, 3, 4, 5, 6, 8);

  /** Weights of a group in affine mode. */
  public static final List<Integer> GROUP_SIZES = List.of(32, 64, 128);

  private GroupFormats() {}

  /** Affine quantization, in the form to use. */
  public static GroupFormat affine(int bits, int groupSize, FloatType type) {
    return of("affine", bits, groupSize, type);
  }

  /**
   * The format to use.
   *
   * @param bits must be the mode's own unless it is affine
   * @param groupSize likewise
   */
  public static GroupFormat of(String mode, int bits, int groupSize, FloatType type) {
    GroupFormat scalar = scalar(mode, bits, groupSize, type);
    return VectorSupport.available() ? vector(scalar) : scalar;
  }

  /** The form that reads like the formula. */
  static GroupFormat scalar(String mode, int bits, int groupSize, FloatType type) {
    GroupFormat format =
        switch (mode) {
          case "affine" -> new AffineFormat(bits, groupSize, type);
          case "mxfp4" -> MicroscaledFormat.mxfp4(type);
          case "nvfp4" -> MicroscaledFormat.nvfp4(type);
          case "mxfp8" -> MicroscaledFormat.mxfp8(type);
          default ->
              throw UserError.usage(
                  "MLX has no mode '" + mode + "'; it has " + String.join(", ", MODES) + ".");
        };
    if (mode.equals("affine")) {
      checkAffine(bits, groupSize);
    } else if (format.bits() != bits || format.groupSize() != groupSize) {
      throw UserError.usage(
          "%s has %d bits and groups of %d, nothing else; bits and groups can be chosen in affine mode."
              .formatted(mode, format.bits(), format.groupSize()));
    }
    return format;
  }

  /** The vector form of a scalar one. */
  static GroupFormat vector(GroupFormat scalar) {
    return scalar instanceof AffineFormat affine
        ? new VectorAffineFormat(affine)
        : new VectorMicroscaledFormat((MicroscaledFormat) scalar);
  }

  /** Refuses what the affine mode does not have, listing what it has. */
  public static void checkAffine(int bits, int groupSize) {
    check(bits, "affine codes of %d bits", BITS);
    check(groupSize, "affine groups of %d weights", GROUP_SIZES);
  }

  private static void check(int value, String what, List<Integer> possible) {
    if (!possible.contains(value)) {
      throw UserError.usage(
          "MLX has no %s; it has %s."
              .formatted(
                  what.formatted(value),
                  String.join(", ", possible.stream().map(String::valueOf).toList())));
    }
  }
}
