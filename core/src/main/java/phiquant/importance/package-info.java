/**
 * Makes importance matrices: {@link phiquant.importance.Calibrate} takes a text through a model,
 * layer by layer, and adds up how strong the inputs of each weight's columns are. {@link
 * phiquant.engine.gguf.imatrix.Importance} is what comes out, and what llama.cpp's tools read.
 */
package phiquant.importance;
