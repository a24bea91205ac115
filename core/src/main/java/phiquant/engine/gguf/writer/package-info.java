/**
 * Lays out what convert_hf_to_gguf and llama-quantize make one after the other, byte for byte.
 * Begin with {@link phiquant.engine.gguf.writer.Gguf}; metadata, vocabulary and tensors have a file
 * each. Sources: llama.cpp's converter, gguf-py, and docs/gguf.md in ggml.
 */
package phiquant.engine.gguf.writer;
