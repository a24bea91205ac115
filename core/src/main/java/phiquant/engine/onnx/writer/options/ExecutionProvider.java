package phiquant.engine.onnx.writer.options;

import java.util.Locale;

/** Where the model will run: execution providers of ONNX Runtime that GenAI knows. */
public enum ExecutionProvider {
  CPU,
  CUDA,
  DML,
  WEBGPU,
  /** Qualcomm's HTP, by graphs of fixed sizes; GenAI calls its provider QNN. */
  NPU;

  /** The name that GenAI has for it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
