/**
 * llama.cpp's files. Here is what reading and writing share: what it calls a member of the family
 * ({@link phiquant.engine.gguf.GgufArchitecture}), a weight ({@link
 * phiquant.engine.gguf.GgufNames}) and a fact ({@link phiquant.engine.gguf.GgufKey}). Sources:
 * gguf-py's constants.py and tensor_mapping.py.
 */
package phiquant.engine.gguf;
