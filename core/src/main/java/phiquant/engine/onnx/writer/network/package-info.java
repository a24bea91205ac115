/**
 * A network's verbs as operators: {@code GraphFlow}. What the graph begins and ends with, and which
 * attention a device gets, is in {@link phiquant.engine.onnx.writer.network.NetworkGraph}.
 */
package phiquant.engine.onnx.writer.network;
