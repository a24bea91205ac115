/**
 * An ONNX graph as it grows: {@link phiquant.engine.onnx.writer.graph.Graph} holds operators, each
 * made as an {@link phiquant.engine.onnx.writer.graph.Op}, and what flows between them. Knows
 * nothing of networks.
 */
package phiquant.engine.onnx.writer.graph;
