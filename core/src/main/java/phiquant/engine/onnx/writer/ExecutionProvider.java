package phiquant.engine.onnx.writer;

import java.util.Locale;

/** Where the model will run: execution providers of ONNX Runtime that GenAI knows. */
enum ExecutionProvider {
  CPU,
  CUDA,
  DML,
  WEBGPU;

  /** The name that GenAI has for it. */
  String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
