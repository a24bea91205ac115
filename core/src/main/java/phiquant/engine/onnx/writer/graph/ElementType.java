package phiquant.engine.onnx.writer.graph;

import phiquant.quant.FloatType;

/** Element types of ONNX tensors with their numbers in {@code TensorProto.DataType}. */
public enum ElementType {
  FLOAT(1, 32),
  UINT8(2, 8),
  INT8(3, 8),
  UINT16(4, 16),
  INT16(5, 16),
  INT32(6, 32),
  INT64(7, 64),
  BOOL(9, 8),
  FLOAT16(10, 16),
  BFLOAT16(16, 16),
  UINT4(21, 4),
  INT4(22, 4);

  private final int number;
  private final int bits;

  ElementType(int number, int bits) {
    this.number = number;
    this.bits = bits;
  }

  /** The type that the model's numbers have. */
  public static ElementType of(FloatType type) {
    return switch (type) {
      case FLOAT32 -> FLOAT;
      case FLOAT16 -> FLOAT16;
      case BFLOAT16 -> BFLOAT16;
    };
  }

  /** The number in {@code TensorProto.DataType}. */
  public int number() {
    return number;
  }

  /** Bytes of that many elements; two elements of 4 bits share one. */
  public long bytes(long elements) {
    return Math.ceilDiv(Math.multiplyExact(elements, (long) bits), 8L);
  }
}
