package phiquant.eval;

import java.nio.file.Files;
import java.nio.file.Path;
import phiquant.checkpoint.Checkpoint;

/** What an artifact is, and so which engine will run it. */
public enum ArtifactKind {
  GGUF("GGUF", "llama.cpp"),
  MLX("MLX", "MLX"),
  ONNX("ONNX", "ONNX Runtime"),
  OPENVINO("OpenVINO IR", "OpenVINO"),
  CHECKPOINT("checkpoint", "transformers");

  private final String label;
  private final String engine;

  ArtifactKind(String label, String engine) {
    this.label = label;
    this.engine = engine;
  }

  /** For people. */
  public String label() {
    return label;
  }

  /** Who runs it. */
  public String engine() {
    return engine;
  }

  /** Looks at an open artifact. */
  static ArtifactKind of(Checkpoint artifact) {
    Path path = artifact.path();
    if (path.toString().endsWith(".gguf")) {
      return GGUF;
    }
    if (Files.exists(path.resolve("openvino_model.xml"))) {
      return OPENVINO;
    }
    if (Files.exists(path.resolve("genai_config.json"))
        || Files.exists(path.resolve("model.onnx"))) {
      return ONNX;
    }
    return artifact.config().has("quantization") ? MLX : CHECKPOINT;
  }
}
