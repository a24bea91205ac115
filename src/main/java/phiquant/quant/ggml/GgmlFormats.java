package phiquant.quant.ggml;

import phiquant.quant.BlockFormat;
import phiquant.quant.VectorSupport;
import phiquant.quant.ggml.vector.VectorAffineGroups;
import phiquant.quant.ggml.vector.VectorMxfp4;
import phiquant.quant.ggml.vector.VectorNibbles;
import phiquant.quant.ggml.vector.VectorNonLinearGroups;
import phiquant.quant.ggml.vector.VectorQ3KGroups;
import phiquant.quant.ggml.vector.VectorQ6KGroups;
import phiquant.quant.ggml.vector.VectorQ8_0;
import phiquant.quant.ggml.vector.VectorTernary;

/** The number format of each GGUF tensor type, in the fastest form that this JVM can run. */
public final class GgmlFormats {
  private GgmlFormats() {}

  /** The format to use: vector kernels where the JVM has them, otherwise {@link #scalar}. */
  public static BlockFormat of(GgmlType type) {
    return VectorSupport.available() ? vector(type) : scalar(type);
  }

  /** The form that reads like the formula; the reference for the vector form. */
  public static BlockFormat scalar(GgmlType type) {
    return switch (type) {
      case F32 -> Floats.F32;
      case F16 -> Floats.F16;
      case BF16 -> Floats.BF16;
      case Q4_0 -> new Q4_0();
      case Q4_1 -> new Q4_1();
      case Q5_0 -> new Q5_0();
      case Q5_1 -> new Q5_1();
      case Q8_0 -> new Q8_0();
      case Q2_K -> new Q2K(AffineGroups.SCALAR);
      case Q3_K -> new Q3K(SymmetricGroups.Q3_K);
      case Q4_K -> new Q4K(AffineGroups.SCALAR);
      case Q5_K -> new Q5K(AffineGroups.SCALAR);
      case Q6_K -> new Q6K(SymmetricGroups.Q6_K);
      case IQ4_NL -> new Iq4Nl(SymmetricGroups.IQ4);
      case IQ4_XS -> new Iq4Xs(SymmetricGroups.IQ4);
      case TQ1_0 -> new Tq1_0();
      case TQ2_0 -> new Tq2_0();
      case MXFP4 -> new Mxfp4();
    };
  }

  /** The vector form, equal to the scalar form bit for bit. */
  public static BlockFormat vector(GgmlType type) {
    return switch (type) {
      case Q4_0, Q4_1, Q5_0, Q5_1 -> new VectorNibbles(type, scalar(type));
      case Q8_0 -> new VectorQ8_0(scalar(type));
      case Q2_K -> new Q2K(new VectorAffineGroups());
      case Q3_K -> new Q3K(new VectorQ3KGroups());
      case Q4_K -> new Q4K(new VectorAffineGroups());
      case Q5_K -> new Q5K(new VectorAffineGroups());
      case Q6_K -> new Q6K(new VectorQ6KGroups());
      case IQ4_NL -> new Iq4Nl(new VectorNonLinearGroups());
      case IQ4_XS -> new Iq4Xs(new VectorNonLinearGroups());
      case TQ1_0, TQ2_0 -> new VectorTernary(type, scalar(type));
      case MXFP4 -> new VectorMxfp4(scalar(type));
      case F32, F16, BF16 -> scalar(type);
    };
  }
}
