package phiquant.run.matrix;

import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.VectorSupport;
import phiquant.quant.ggml.GgmlFormats;
import phiquant.quant.ggml.codebook.CodebookBlock;
import phiquant.quant.ggml.codebook.TernaryBlock;

/** The matrix of a stored tensor, with the kernel of its format. */
public final class Matrices {
  private Matrices() {}

  /** Never copies or converts. */
  public static Matrix of(StoredTensor tensor) {
    Layout layout = tensor.layout().orElse(null);
    if (layout instanceof Layout.Stacked stacked) {
      return new StackedMatrix(stacked.parts().stream().map(Matrices::of).toList());
    }
    Rounding rounding = layout == null ? Rounding.NONE : rounding(layout);
    Matrix stored = new StoredMatrix(tensor, rounding);
    if (layout == null || !VectorSupport.available()) {
      return stored;
    }
    int rows = stored.rows();
    int columns = stored.columns();
    return switch (layout) {
      case Layout.Plain plain -> plain(plain, rows, columns);
      case Layout.Turned turned ->
          turned(stored, TurnedMatrix.lines(plain(turned.stored(), columns, rows)));
      case Layout.TurnedBlocks blocks -> turned(stored, new TurnedCodes(blocks));
      case Layout.Ggml ggml ->
          switch (ggml.type()) {
            case F32 -> new FloatMatrix(ggml.blocks(), rows, columns);
            case F16 -> new HalfMatrix(ggml.blocks(), rows, columns, rounding);
            case BF16 -> new BFloat16Matrix(ggml.blocks(), rows, columns, rounding);
            case Q4_0 -> new Q4_0Matrix(ggml, rows, columns);
            case Q4_K -> new Q4KMatrix(ggml, rows, columns);
            case Q6_K -> new Q6KMatrix(ggml, rows, columns);
            case Q8_0 -> new Q8_0Matrix(ggml, rows, columns);
            default -> coded(layout, stored);
          };
      default -> coded(layout, stored);
    };
  }

  private static PlainMatrix plain(Layout.Plain plain, int rows, int columns) {
    return switch (plain.type()) {
      case F16 -> new HalfMatrix(plain.data(), rows, columns, Rounding.NONE);
      case BF16 -> new BFloat16Matrix(plain.data(), rows, columns, Rounding.NONE);
      default -> new FloatMatrix(plain.data(), rows, columns);
    };
  }

  /** A matrix stored turned, if whole vectors of its rows fit; otherwise the given matrix. */
  private static Matrix turned(Matrix stored, TurnedMatrix.Lines lines) {
    int rows = stored.rows();
    return rows % TurnedMatrix.UNIT == 0
        ? new TurnedMatrix(rows, stored.columns(), stored.rounding(), lines)
        : stored;
  }

  /** A format of codes, if it has an unpacking and its groups fit; otherwise the given matrix. */
  private static Matrix coded(Layout layout, Matrix stored) {
    int columns = stored.columns();
    Unpacking unpacking = unpacking(layout, columns);
    if (unpacking == null) {
      return stored;
    }
    int rows = stored.rows();
    return unpacking instanceof GroupCodes codes
            && codes.bits() == 4
            && columns % NibbleMatrix.STEP == 0
        ? new NibbleMatrix(rows, columns, stored.rounding(), codes)
        : new CodedMatrix(rows, columns, stored.rounding(), unpacking);
  }

  private static Unpacking unpacking(Layout layout, int columns) {
    return switch (layout) {
      case Layout.Ggml ggml ->
          switch (ggml.type()) {
            case Q4_1 -> new Q4_1(ggml.blocks());
            case Q5_0 -> new Fives(ggml.blocks(), false);
            case Q5_1 -> new Fives(ggml.blocks(), true);
            case IQ4_NL, IQ4_XS, MXFP4 -> new Table(ggml.blocks(), ggml.type());
            case Q2_K -> new TwoBits(ggml.blocks(), false);
            case Q3_K -> new TwoBits(ggml.blocks(), true);
            case Q5_K -> new Q5K(ggml.blocks());
            case IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S ->
                new Points(ggml.blocks(), (CodebookBlock) GgmlFormats.scalar(ggml.type()));
            case IQ1_S, IQ1_M ->
                new Ternaries(ggml.blocks(), (TernaryBlock) GgmlFormats.scalar(ggml.type()));
            default -> null;
          };
      case Layout.Affine affine -> fits(affine.group(), columns) ? new AffineCodes(affine) : null;
      case Layout.Microscaled small ->
          small.format().bits() == 4 && columns % 32 == 0 ? SmallFloats.of(small) : null;
      case Layout.Blocked blocked ->
          fits(blocked.block(), columns) ? new BlockedCodes(blocked, columns) : null;
      case Layout.Grouped grouped -> fits(grouped.group(), columns) ? grouped(grouped) : null;
      default -> null;
    };
  }

  private static Unpacking grouped(Layout.Grouped layout) {
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

  private static Rounding rounding(Layout layout) {
    return switch (layout) {
      case Layout.Ggml ggml -> Rounding.of(ggml.type());
      case Layout.Blocked blocked -> Rounding.int8(blocked.block());
      case Layout.TurnedBlocks turned -> Rounding.int8(turned.blocks().format().block());
      case Layout.Grouped grouped -> Rounding.int8(32);
      default -> Rounding.NONE;
    };
  }
}
