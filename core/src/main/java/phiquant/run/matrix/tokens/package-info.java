/**
 * Products with many tokens at once, as a prompt's: a tile of weights is decoded once and
 * multiplied with every panel of tokens. {@code Gemm} does it in floats for every format, {@code
 * CodeGemm} in integers for weights of few bits. Read {@code Gemm} first, then {@code Tile}, its
 * innermost loop.
 */
package phiquant.run.matrix.tokens;
