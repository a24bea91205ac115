/**
 * What ONNX Runtime GenAI reads beside the graph: {@link
 * phiquant.engine.onnx.writer.genai.GenAiConfig}.
 */
package phiquant.engine.onnx.writer.genai;
