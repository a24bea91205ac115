package phiquant.run.matrix;

import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.VectorSupport;

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
      case Layout.Ggml ggml -> ggml(ggml, rows, columns, stored);
      default -> stored;
    };
  }

  private static Matrix plain(Layout.Plain plain, int rows, int columns) {
    return switch (plain.type()) {
      case F16 -> new HalfMatrix(plain.data(), rows, columns, Rounding.NONE);
      case BF16 -> new BFloat16Matrix(plain.data(), rows, columns, Rounding.NONE);
      default -> new FloatMatrix(plain.data(), rows, columns);
    };
  }

  private static Matrix ggml(Layout.Ggml ggml, int rows, int columns, Matrix otherwise) {
    return switch (ggml.type()) {
      case F32 -> new FloatMatrix(ggml.blocks(), rows, columns);
      case F16 -> new HalfMatrix(ggml.blocks(), rows, columns, Rounding.F16);
      case BF16 -> new BFloat16Matrix(ggml.blocks(), rows, columns, Rounding.BF16);
      case Q8_0 -> new Q8_0Matrix(ggml, rows, columns);
      case Q4_0 -> new Q4_0Matrix(ggml, rows, columns);
      case Q4_K -> new Q4KMatrix(ggml, rows, columns);
      case Q6_K -> new Q6KMatrix(ggml, rows, columns);
      default -> otherwise;
    };
  }

  private static Rounding rounding(Layout layout) {
    return switch (layout) {
      case Layout.Ggml ggml -> Rounding.of(ggml.type());
      case Layout.Blocked blocked -> Rounding.INT8;
      case Layout.Grouped grouped -> Rounding.INT8;
      default -> Rounding.NONE;
    };
  }
}
