/**
 * llama.cpp's importance matrices: how much every column of a weight counts. {@link
 * phiquant.engine.gguf.imatrix.ImportanceMatrix} has the means that encoders want, {@link
 * phiquant.engine.gguf.imatrix.Importance} the sums that can be added to. Source: llama.cpp's
 * imatrix.cpp and imatrix-loader.cpp.
 */
package phiquant.engine.gguf.imatrix;
