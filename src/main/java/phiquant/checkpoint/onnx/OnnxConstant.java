package phiquant.checkpoint.onnx;

import java.lang.foreign.MemorySegment;
import java.util.List;
import phiquant.checkpoint.DType;

/**
 * A constant of a graph, its bytes checked to be as many as type and shape call for.
 *
 * @param shape outermost first
 */
record OnnxConstant(String name, DType type, List<Long> shape, MemorySegment data) {
  long elements() {
    return shape.stream().reduce(1L, (a, b) -> a * b);
  }
}
