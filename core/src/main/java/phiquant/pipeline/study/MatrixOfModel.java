package phiquant.pipeline.study;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import phiquant.UserError;
import phiquant.engine.gguf.GgufNames;
import phiquant.engine.gguf.imatrix.ImportanceMatrix;
import phiquant.engine.gguf.writer.TensorImportance;
import phiquant.model.PhiModel;
import phiquant.model.Weight;
import phiquant.study.InputSquares;

/** Reads an importance matrix for engines that call weights otherwise than llama.cpp does. */
final class MatrixOfModel {
  private MatrixOfModel() {}

  /**
   * What a file says of a model's weights, after the checks that GGUF files make.
   *
   * @throws UserError if it is not sound, or belongs to another model
   */
  static InputSquares.Found squares(String file, PhiModel model) {
    if (model.config().experts().isPresent()) {
      throw new UserError(
          "Importance matrices of experts are not used but for gguf.",
          "Leave --calibration out for the other targets.");
    }
    ImportanceMatrix matrix = ImportanceMatrix.read(file);
    TensorImportance importance = TensorImportance.of(Optional.of(matrix), model, false);
    Map<String, float[]> columns = new HashMap<>();
    for (Weight weight : model.weights()) {
      String name = GgufNames.of(weight.role(), weight.layer(), weight.bias());
      importance
          .of(name)
          .filter(unused -> weight.isMatrix())
          .ifPresent(values -> columns.put(weight.name(), values));
    }
    return new InputSquares.Found(matrix.datasets(), columns);
  }
}
