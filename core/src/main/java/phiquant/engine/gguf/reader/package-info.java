/**
 * Reads GGUF files as checkpoints of Hugging Face. {@link
 * phiquant.engine.gguf.reader.GgufCheckpoint} names the tensors, {@code GgufConfig} makes
 * config.json of the metadata and {@code GgufTokenizer} the tokenizer's files; {@link
 * phiquant.engine.gguf.reader.GgufFile} is the container. Format: docs/gguf.md in ggml.
 */
package phiquant.engine.gguf.reader;
