/**
 * A network as graphs of fixed sizes, for a processor that a compiler lays them out for beforehand:
 * {@link phiquant.engine.onnx.writer.npu.NpuGraphs}. What needs sizes that change, or integers,
 * stands in two small graphs beside them that run on the CPU. Sources: ONNX's Operators.md at opset
 * 23; ONNX Runtime GenAI's decoder_only_pipeline.cpp, input_ids.cpp and kv_cache.cpp.
 */
package phiquant.engine.onnx.writer.npu;
