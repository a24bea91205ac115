package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import phiquant.checkpoint.StoredTensor;
import phiquant.engine.onnx.TowerNames;

/**
 * Finds the weights of what sees in a graph and gives them the checkpoint's names and shapes:
 * matrices by the operator that multiplies with them, all others by their own names. The graph has
 * the class embedding in the first row of its positions, so it is zero apart from them.
 */
final class TowerTensors {
  private static final String PATCHES = ".patch_embedding.weight";
  private static final int COLORS = 3;

  private final OnnxWeights weights;
  private final Map<String, StoredTensor> found = new LinkedHashMap<>();

  TowerTensors(OnnxWeights weights) {
    this.weights = weights;
  }

  /**
   * Takes an operator's weights, if it belongs to what sees.
   *
   * @param path its name without what it does
   * @return whether it does
   */
  boolean takes(NodeProto node, String path) {
    Optional<String> module = TowerNames.module(path);
    if (module.isEmpty()) {
      return false;
    }
    if (node.getOpType().startsWith("MatMul")) {
      String name = module.get() + ".weight";
      StoredTensor matrix = weights.matrix(node, name);
      found.put(name, name.endsWith(PATCHES) ? kernels(matrix) : matrix);
      if (name.endsWith(PATCHES)) {
        String first = name.replace(PATCHES, ".class_embedding");
        found.put(first, new Zeros(first, List.of(matrix.rows())));
      }
    } else {
      weights.floats(node).forEach(tensor -> found.put(tensor.name(), tensor));
    }
    return true;
  }

  private static StoredTensor kernels(StoredTensor matrix) {
    long side = Math.round(Math.sqrt((double) matrix.columns() / COLORS));
    return side * side * COLORS == matrix.columns()
        ? new Unflattened(matrix, List.of((long) COLORS, side, side))
        : matrix;
  }

  /** The weights by name. */
  Map<String, StoredTensor> found() {
    return found;
  }
}
