/**
 * Reads ONNX graphs as checkpoints of Hugging Face. Begin with {@link
 * phiquant.engine.onnx.reader.OnnxFolder}; {@code OnnxTensors} finds the weights, the others are
 * the forms that they are stored in. Formats: onnx.proto, and ONNX Runtime's ContribOperators.md.
 */
package phiquant.engine.onnx.reader;
