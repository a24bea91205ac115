/**
 * The vector forms of ggml's formats: a block or a group in each lane, so that a lane keeps the
 * scalar order and the bytes stay the same.
 */
package phiquant.quant.ggml.vector;
