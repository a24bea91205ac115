package phiquant.run.matrix.grouped;

import java.util.Optional;
import phiquant.checkpoint.Layout;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.codes.CodedMatrix;
import phiquant.run.matrix.codes.Unpacking;

/** The kernels of layouts whose scales are in a tensor of their own. */
public final class GroupedMatrices {
  private GroupedMatrices() {}

  /** Empty if the layout is another, or its groups do not fit. */
  public static Optional<Matrix> of(
      Layout layout, int rows, int columns, ActivationRounding rounding) {
    return unpacking(layout, columns)
        .map(
            unpacking ->
                unpacking instanceof GroupCodes codes
                        && codes.bits() == 4
                        && columns % NibbleMatrix.STEP == 0
                    ? new NibbleMatrix(rows, columns, rounding, codes)
                    : new CodedMatrix(rows, columns, rounding, unpacking));
  }

  private static Optional<Unpacking> unpacking(Layout layout, int columns) {
    return Optional.ofNullable(
        switch (layout) {
          case Layout.Affine affine ->
              fits(affine.group(), columns) ? new AffineCodes(affine) : null;
          case Layout.Microscaled small ->
              small.format().bits() == 4 && columns % 32 == 0 ? SmallFloats.of(small) : null;
          case Layout.Blocked blocked ->
              fits(blocked.block(), columns) ? new BlockedCodes(blocked, columns) : null;
          case Layout.Grouped grouped -> fits(grouped.group(), columns) ? constant(grouped) : null;
          default -> null;
        });
  }

  private static Unpacking constant(Layout.Grouped layout) {
    return switch (layout.code()) {
      case NF4 -> null; // Its levels are not small integers.
      case F4E2M1 -> SmallFloats.of(layout);
      default -> new CompressedCodes(layout);
    };
  }

  /** Parts of rows begin at multiples of {@link Matrix#COLUMNS}, which groups have to fit. */
  private static boolean fits(int group, int columns) {
    boolean inParts = Matrix.COLUMNS % group == 0 || group == columns;
    return group % 32 == 0 && columns % group == 0 && inParts;
  }
}
