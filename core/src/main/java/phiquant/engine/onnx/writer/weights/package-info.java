/**
 * Weights in a graph: {@link phiquant.engine.onnx.writer.weights.Precisions} says how each is
 * stored, {@link phiquant.engine.onnx.writer.weights.Constants} lays it out beside the model,
 * {@link phiquant.engine.onnx.writer.weights.MatMuls} multiplies by it.
 */
package phiquant.engine.onnx.writer.weights;
