package phiquant.run.matrix;

import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.ggml.GgmlType;

/** The matrix of a stored tensor, with the kernel of its format. */
public final class Matrices {
  private Matrices() {}

  /** Never copies or converts. */
  public static Matrix of(StoredTensor tensor) {
    return tensor
        .layout()
        .map(layout -> of(tensor, layout))
        .orElseGet(() -> new StoredMatrix(tensor, Rounding.NONE));
  }

  private static Matrix of(StoredTensor tensor, Layout layout) {
    return switch (layout) {
      case Layout.Stacked stacked ->
          new StackedMatrix(stacked.parts().stream().map(Matrices::of).toList());
      case Layout.Ggml ggml -> new StoredMatrix(tensor, rounding(ggml.type()));
      case Layout.Blocked blocked -> new StoredMatrix(tensor, Rounding.INT8);
      case Layout.Grouped grouped -> new StoredMatrix(tensor, Rounding.INT8);
      default -> new StoredMatrix(tensor, Rounding.NONE);
    };
  }

  /** What {@code vec_dot_type} is in ggml-cpu. */
  private static Rounding rounding(GgmlType type) {
    return switch (type) {
      case F32 -> Rounding.NONE;
      case F16 -> Rounding.F16;
      case BF16 -> Rounding.BF16;
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> Rounding.Q8_0;
      case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_XS, TQ1_0, TQ2_0 -> Rounding.Q8_K;
    };
  }
}
