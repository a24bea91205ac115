package phiquant.run.matrix.ggml;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.checkpoint.DType;
import phiquant.checkpoint.Layout;
import phiquant.quant.ggml.codebook.CodebookBlock;
import phiquant.quant.ggml.codebook.TernaryBlock;
import phiquant.quant.ggml.formats.GgmlFormats;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.codes.CodedMatrix;
import phiquant.run.matrix.codes.Unpacking;
import phiquant.run.matrix.ggml.codebook.Points;
import phiquant.run.matrix.ggml.codebook.Ternaries;
import phiquant.run.matrix.plain.PlainMatrix;

/** The kernels of ggml's formats: their own for those that most models have. */
public final class GgmlMatrices {
  private GgmlMatrices() {}

  /** Empty if there is no kernel for the format. */
  public static Optional<Matrix> of(
      Layout.Ggml layout, int rows, int columns, ActivationRounding rounding) {
    return switch (layout.type()) {
      case F32 -> plain(DType.F32, layout, rows, columns, rounding);
      case F16 -> plain(DType.F16, layout, rows, columns, rounding);
      case BF16 -> plain(DType.BF16, layout, rows, columns, rounding);
      case Q4_0 -> Optional.of(new Q4_0Matrix(layout, rows, columns));
      case Q4_K -> Optional.of(new Q4KMatrix(layout, rows, columns));
      case Q6_K -> Optional.of(new Q6KMatrix(layout, rows, columns));
      case Q8_0 -> Optional.of(new Q8_0Matrix(layout, rows, columns));
      default -> unpacking(layout).map(codes -> new CodedMatrix(rows, columns, rounding, codes));
    };
  }

  private static Optional<Matrix> plain(
      DType type, Layout.Ggml layout, int rows, int columns, ActivationRounding rounding) {
    return Optional.of(
        PlainMatrix.of(new Layout.Plain(type, layout.blocks()), rows, columns, rounding));
  }

  private static Optional<Unpacking> unpacking(Layout.Ggml layout) {
    MemorySegment blocks = layout.blocks();
    return Optional.ofNullable(
        switch (layout.type()) {
          case Q4_1 -> new Q4_1Codes(blocks);
          case Q5_0 -> new Fives(blocks, false);
          case Q5_1 -> new Fives(blocks, true);
          case IQ4_NL, IQ4_XS, MXFP4 -> new Table(blocks, layout.type());
          case Q2_K -> new TwoBitCodes(blocks, false);
          case Q3_K -> new TwoBitCodes(blocks, true);
          case Q5_K -> new Q5KCodes(blocks);
          case IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S ->
              new Points(blocks, (CodebookBlock) GgmlFormats.scalar(layout.type()));
          case IQ1_S, IQ1_M ->
              new Ternaries(blocks, (TernaryBlock) GgmlFormats.scalar(layout.type()));
          default -> null;
        });
  }
}
