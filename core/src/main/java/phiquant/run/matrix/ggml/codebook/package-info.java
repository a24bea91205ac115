/**
 * ggml's formats of one to three bits, whose codes choose points of a codebook: several weights at
 * once. They are unpacked by looking up a point's bytes together, the books themselves being those
 * of {@link phiquant.quant.ggml.codebook}. Read {@code Points} first.
 */
package phiquant.run.matrix.ggml.codebook;
