/** The searches of IQ1 to IQ3 with a group in each lane, so that a lane keeps the scalar order. */
package phiquant.quant.ggml.codebook.vector;
