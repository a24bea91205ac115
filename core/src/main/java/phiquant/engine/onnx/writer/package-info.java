/**
 * Writes a network as a graph of ONNX Runtime's operators. {@link phiquant.engine.onnx.writer.Onnx}
 * is the target, {@code NetworkGraph} what a graph begins and ends with, {@code GraphFlow} what the
 * network's verbs become, {@code MatMuls} the products. Sources: GenAI's model builder, onnx's
 * Operators.md and ONNX Runtime's ContribOperators.md.
 */
package phiquant.engine.onnx.writer;
