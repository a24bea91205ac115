/**
 * IQ1 to IQ3: several weights take together one of few points. {@link
 * phiquant.quant.ggml.codebook.Codebook} has the points, {@code CodebookBlock} and {@code
 * TernaryBlock} what the formats share. Source: ggml-quants.c and ggml-common.h.
 */
package phiquant.quant.ggml.codebook;
