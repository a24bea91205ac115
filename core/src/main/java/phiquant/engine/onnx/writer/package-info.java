/**
 * Writes a network as a graph of ONNX Runtime's operators. {@link phiquant.engine.onnx.writer.Onnx}
 * is the target; {@code options} reads what was asked for, {@code network} turns verbs into
 * operators, with {@code attention} and {@code weights} for theirs, {@code graph} is what ONNX
 * stores, {@code genai} what lies beside it. Sources: GenAI's model builder, onnx's Operators.md
 * and ONNX Runtime's ContribOperators.md.
 */
package phiquant.engine.onnx.writer;
