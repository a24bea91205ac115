package phiquant.run.matrix.stored;

import phiquant.checkpoint.Layout;
import phiquant.checkpoint.StoredTensor;
import phiquant.quant.VectorSupport;
import phiquant.run.matrix.ActivationRounding;
import phiquant.run.matrix.Matrix;
import phiquant.run.matrix.ggml.GgmlMatrices;
import phiquant.run.matrix.grouped.GroupedMatrices;
import phiquant.run.matrix.plain.PlainMatrix;

/** The matrix of a stored tensor, with the kernel of its format. */
public final class Matrices {
  private Matrices() {}

  /** Never copies or converts. */
  public static Matrix of(StoredTensor tensor) {
    Layout layout = tensor.layout().orElse(null);
    if (layout instanceof Layout.Stacked stacked) {
      return new StackedMatrix(stacked.parts().stream().map(Matrices::of).toList());
    }
    if (layout instanceof Layout.Stepped stepped) {
      int rows = Math.toIntExact(tensor.rows());
      return new SteppedMatrix(of(stepped.whole()), stepped.first(), stepped.step(), rows);
    }
    ActivationRounding rounding = layout == null ? ActivationRounding.NONE : rounding(layout);
    Matrix stored = new StoredMatrix(tensor, rounding);
    if (layout == null || !VectorSupport.available()) {
      return stored;
    }
    int rows = stored.rows();
    int columns = stored.columns();
    return switch (layout) {
      case Layout.Plain plain -> PlainMatrix.of(plain, rows, columns, rounding);
      case Layout.Turned turned ->
          turned(
              stored, TurnedMatrix.lines(PlainMatrix.of(turned.stored(), columns, rows, rounding)));
      case Layout.TurnedBlocks blocks -> turned(stored, new TurnedCodes(blocks));
      case Layout.Ggml ggml -> GgmlMatrices.of(ggml, rows, columns, rounding).orElse(stored);
      default -> GroupedMatrices.of(layout, rows, columns, rounding).orElse(stored);
    };
  }

  /** A matrix stored turned, if whole vectors of its rows fit; otherwise the given matrix. */
  private static Matrix turned(Matrix stored, TurnedMatrix.Lines lines) {
    int rows = stored.rows();
    return rows % TurnedMatrix.UNIT == 0
        ? new TurnedMatrix(rows, stored.columns(), stored.rounding(), lines)
        : stored;
  }

  private static ActivationRounding rounding(Layout layout) {
    return switch (layout) {
      case Layout.Ggml ggml -> ActivationRounding.of(ggml.type());
      case Layout.Blocked blocked -> ActivationRounding.int8(blocked.block());
      case Layout.TurnedBlocks turned -> ActivationRounding.int8(turned.blocks().format().block());
      case Layout.Grouped grouped -> ActivationRounding.int8(32);
      default -> ActivationRounding.NONE;
    };
  }
}
