package phiquant.pipeline.study;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.checkpoint.derived.Piled;
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
   * @throws phiquant.UserError if it is not sound, or belongs to another model
   */
  static InputSquares.Found squares(String file, PhiModel model) {
    ImportanceMatrix matrix = ImportanceMatrix.read(file);
    TensorImportance importance = TensorImportance.of(Optional.of(matrix), model, false);
    Map<String, float[]> columns = new HashMap<>();
    for (Weight weight : model.piled()) {
      if (weight.isMatrix()) {
        String name = GgufNames.of(weight.role(), weight.layer(), false);
        int width = Math.toIntExact(weight.tensor().columns());
        List<float[]> known = importance.of(name, width);
        for (int i = 0; i < known.size(); i++) {
          columns.put(matrix(weight.tensor(), i).name(), known.get(i));
        }
      }
    }
    return new InputSquares.Found(matrix.datasets(), columns);
  }

  /** One of those that are piled up; experts are, and known each under its own name. */
  private static StoredTensor matrix(StoredTensor tensor, int index) {
    return tensor instanceof Piled piled ? piled.parts().get(index) : tensor;
  }
}
