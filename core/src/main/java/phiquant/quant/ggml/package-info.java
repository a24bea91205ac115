/**
 * What ggml's formats have in common: their numbers and block sizes ({@link
 * phiquant.quant.ggml.GgmlType}), how a block is read and written ({@link
 * phiquant.quant.ggml.GgmlBlock}), and the searches for a group's scale. The formats are in {@code
 * formats} and {@code codebook}. Source: ggml-quants.c, whose order of operations is kept.
 */
package phiquant.quant.ggml;
