/**
 * What a user asks for after {@code onnx:}, and what goes with what. Begin with {@link
 * phiquant.engine.onnx.writer.options.OnnxOptions}.
 */
package phiquant.engine.onnx.writer.options;
