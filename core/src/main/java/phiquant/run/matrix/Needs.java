package phiquant.run.matrix;

/**
 * What a matrix needs of the numbers that it is multiplied with; {@link Input} prepares it.
 *
 * @param rounding how this format's engine rounds them
 * @param packing what {@link Input} has to hold so that the matrix is multiplied in integers
 * @param lift what {@link Input#pairs} have to be multiplied with at least, or 0 if weights are not
 *     read in pairs
 * @param planes whether weights are multiplied with {@link Input#planes}
 */
public record Needs(ActivationRounding rounding, DigitPacking packing, float lift, boolean planes) {
  /** The numbers and their sums, no other form of them. */
  public static Needs numbers(ActivationRounding rounding) {
    return new Needs(rounding, DigitPacking.NONE, 0, false);
  }

  /** Their factors as integers, too. */
  public static Needs packed(ActivationRounding rounding, DigitPacking packing) {
    return new Needs(rounding, packing, 0, false);
  }

  /** The numbers in pairs, too. */
  public static Needs pairs(ActivationRounding rounding, float lift) {
    return new Needs(rounding, DigitPacking.NONE, lift, false);
  }

  /** The numbers in planes, too. */
  public static Needs planes(ActivationRounding rounding) {
    return new Needs(rounding, DigitPacking.NONE, 0, true);
  }

  /** What both need that are one matrix: rounded and packed for this one. */
  public Needs with(Needs other) {
    return new Needs(rounding, packing, Math.max(lift, other.lift), planes || other.planes);
  }
}
