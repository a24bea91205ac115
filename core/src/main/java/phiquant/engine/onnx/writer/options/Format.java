package phiquant.engine.onnx.writer.options;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import phiquant.quant.FloatType;

/**
 * The precision of a whole model and the devices that have operators for it, as GenAI's model
 * builder pairs them. {@code MOBILE} is int4 with everything small: the embedding in blocks too.
 */
public enum Format {
  FP32(0, ExecutionProvider.CPU, ExecutionProvider.CUDA),
  FP16(
      0,
      ExecutionProvider.CUDA,
      ExecutionProvider.DML,
      ExecutionProvider.WEBGPU,
      ExecutionProvider.NPU),
  BF16(0, ExecutionProvider.CUDA),
  INT8(
      8,
      ExecutionProvider.CPU,
      ExecutionProvider.CUDA,
      ExecutionProvider.WEBGPU,
      ExecutionProvider.NPU),
  INT4(
      4,
      ExecutionProvider.CPU,
      ExecutionProvider.CUDA,
      ExecutionProvider.DML,
      ExecutionProvider.WEBGPU,
      ExecutionProvider.NPU),
  MOBILE(4, ExecutionProvider.CPU);

  private final int bits;
  private final List<ExecutionProvider> devices;

  Format(int bits, ExecutionProvider... devices) {
    this.bits = bits;
    this.devices = List.of(devices);
  }

  /** Bits of codes; 0: weights are plain floats. */
  public int bits() {
    return bits;
  }

  /** Devices that it can be for; the first is meant if none is named. */
  List<ExecutionProvider> devices() {
    return devices;
  }

  /** What the model computes in. */
  FloatType type(ExecutionProvider device) {
    return switch (this) {
      case FP32 -> FloatType.FLOAT32;
      case FP16 -> FloatType.FLOAT16;
      case BF16 -> FloatType.BFLOAT16;
      default -> device == ExecutionProvider.CPU ? FloatType.FLOAT32 : FloatType.FLOAT16;
    };
  }

  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<Format> named(String label) {
    return Stream.of(values()).filter(format -> format.label().equals(label)).findFirst();
  }
}
