package phiquant.target.onnx;

import phiquant.quant.FloatType;

/** What was asked for after {@code onnx:}. */
record OnnxOptions(String format, Device device) {
  FloatType type() {
    return FloatType.FLOAT32;
  }

  Precision precision(String node) {
    return new Precision.Plain(type());
  }
}
