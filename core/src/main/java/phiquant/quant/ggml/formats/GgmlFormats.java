package phiquant.quant.ggml.formats;

import java.util.Optional;
import phiquant.quant.BlockFormat;
import phiquant.quant.VectorSupport;
import phiquant.quant.ggml.AffineGroups;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.ggml.ScaleGroups;
import phiquant.quant.ggml.SymmetricGroups;
import phiquant.quant.ggml.codebook.CodebookGroups;
import phiquant.quant.ggml.codebook.Iq1M;
import phiquant.quant.ggml.codebook.Iq1S;
import phiquant.quant.ggml.codebook.Iq2S;
import phiquant.quant.ggml.codebook.Iq2Xs;
import phiquant.quant.ggml.codebook.Iq2Xxs;
import phiquant.quant.ggml.codebook.Iq3S;
import phiquant.quant.ggml.codebook.Iq3Xxs;
import phiquant.quant.ggml.codebook.TernaryGroups;
import phiquant.quant.ggml.codebook.vector.VectorCodebookGroups;
import phiquant.quant.ggml.codebook.vector.VectorTernaryGroups;
import phiquant.quant.ggml.vector.VectorAffineGroups;
import phiquant.quant.ggml.vector.VectorDescent;
import phiquant.quant.ggml.vector.VectorMxfp4;
import phiquant.quant.ggml.vector.VectorNibbles;
import phiquant.quant.ggml.vector.VectorNonLinearGroups;
import phiquant.quant.ggml.vector.VectorQ8_0;
import phiquant.quant.ggml.vector.VectorSymmetricGroups;
import phiquant.quant.ggml.vector.VectorTernary;
import phiquant.quant.grid.GridFormat;

/** The number format of each GGUF tensor type, in the fastest form that this JVM can run. */
public final class GgmlFormats {
  private GgmlFormats() {}

  /** The format to use: vector kernels where the JVM has them, otherwise {@link #scalar}. */
  public static BlockFormat of(GgmlType type) {
    return VectorSupport.available() ? vector(type) : scalar(type);
  }

  /** The grids of a type, for who finds codes himself; empty if they are not even. */
  public static Optional<GridFormat> grid(GgmlType type) {
    return GgmlGrid.of(type);
  }

  /** The form that reads like the formula; the reference for the vector form. */
  public static BlockFormat scalar(GgmlType type) {
    return switch (type) {
      case F32 -> Floats.F32;
      case F16 -> Floats.F16;
      case BF16 -> Floats.BF16;
      case Q4_0 -> new Q4_0(SymmetricGroups.SCALAR);
      case Q4_1 -> new Q4_1(AffineGroups.SCALAR);
      case Q5_0 -> new Q5_0(SymmetricGroups.SCALAR);
      case Q5_1 -> new Q5_1(AffineGroups.SCALAR);
      case Q8_0 -> new Q8_0();
      case Q2_K -> new Q2K(AffineGroups.SCALAR);
      case Q3_K -> new Q3K(ScaleGroups.DESCENT, SymmetricGroups.SCALAR);
      case Q4_K -> new Q4K(AffineGroups.SCALAR);
      case Q5_K -> new Q5K(AffineGroups.SCALAR);
      case Q6_K -> new Q6K(SymmetricGroups.SCALAR);
      case IQ4_NL -> new Iq4Nl(ScaleGroups.IQ4);
      case IQ4_XS -> new Iq4Xs(ScaleGroups.IQ4);
      case TQ1_0 -> new Tq1_0();
      case TQ2_0 -> new Tq2_0();
      case MXFP4 -> new Mxfp4();
      case NVFP4 -> new Nvfp4();
      case Q1_0 -> new Q1_0();
      case Q2_0 -> new Q2_0();
      case IQ1_S -> new Iq1S(TernaryGroups.SCALAR);
      case IQ1_M -> new Iq1M(TernaryGroups.SCALAR);
      case IQ2_XXS -> new Iq2Xxs(CodebookGroups.SCALAR);
      case IQ2_XS -> new Iq2Xs(CodebookGroups.SCALAR);
      case IQ2_S -> new Iq2S(CodebookGroups.SCALAR);
      case IQ3_XXS -> new Iq3Xxs(CodebookGroups.SCALAR);
      case IQ3_S -> new Iq3S(CodebookGroups.SCALAR);
    };
  }

  /** The vector form, equal to the scalar form bit for bit. */
  public static BlockFormat vector(GgmlType type) {
    return switch (type) {
      case Q4_0 -> new VectorNibbles(type, new Q4_0(new VectorSymmetricGroups()));
      case Q4_1 -> new VectorNibbles(type, new Q4_1(new VectorAffineGroups()));
      case Q5_0 -> new VectorNibbles(type, new Q5_0(new VectorSymmetricGroups()));
      case Q5_1 -> new VectorNibbles(type, new Q5_1(new VectorAffineGroups()));
      case Q8_0 -> new VectorQ8_0(scalar(type));
      case Q2_K -> new Q2K(new VectorAffineGroups());
      case Q3_K -> new Q3K(new VectorDescent(), new VectorSymmetricGroups());
      case Q4_K -> new Q4K(new VectorAffineGroups());
      case Q5_K -> new Q5K(new VectorAffineGroups());
      case Q6_K -> new Q6K(new VectorSymmetricGroups());
      case IQ4_NL -> new Iq4Nl(new VectorNonLinearGroups());
      case IQ4_XS -> new Iq4Xs(new VectorNonLinearGroups());
      case TQ1_0, TQ2_0 -> new VectorTernary(type, scalar(type));
      case MXFP4 -> new VectorMxfp4(scalar(type));
      case F32, F16, BF16, NVFP4, Q1_0, Q2_0 -> scalar(type);
      case IQ2_XXS -> new Iq2Xxs(new VectorCodebookGroups());
      case IQ2_XS -> new Iq2Xs(new VectorCodebookGroups());
      case IQ2_S -> new Iq2S(new VectorCodebookGroups());
      case IQ3_XXS -> new Iq3Xxs(new VectorCodebookGroups());
      case IQ3_S -> new Iq3S(new VectorCodebookGroups());
      case IQ1_S -> new Iq1S(new VectorTernaryGroups());
      case IQ1_M -> new Iq1M(new VectorTernaryGroups());
    };
  }
}
