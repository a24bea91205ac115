package phiquant.target.onnx;

/** Where the model will run: ONNX Runtime's execution providers that GenAI knows. */
enum Device {
  CPU,
  CUDA,
  DML,
  WEBGPU
}
