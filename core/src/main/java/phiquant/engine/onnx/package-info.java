/**
 * Folders for ONNX Runtime GenAI. Here is what reading and writing share: how its model builder
 * names operators ({@link phiquant.engine.onnx.OperatorNames}), by which a weight is known in a
 * graph.
 */
package phiquant.engine.onnx;
