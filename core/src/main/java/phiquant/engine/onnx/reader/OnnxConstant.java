package phiquant.engine.onnx.reader;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.quant.FloatType;

/**
 * A constant of a graph, its bytes checked to be as many as type and shape call for.
 *
 * @param shape outermost first
 */
record OnnxConstant(String name, DataType type, List<Long> shape, MemorySegment data) {
  /** The type of its numbers, if they are floats. */
  Optional<FloatType> floats() {
    return switch (type) {
      case FLOAT -> Optional.of(FloatType.FLOAT32);
      case FLOAT16 -> Optional.of(FloatType.FLOAT16);
      case BFLOAT16 -> Optional.of(FloatType.BFLOAT16);
      default -> Optional.empty();
    };
  }
}
