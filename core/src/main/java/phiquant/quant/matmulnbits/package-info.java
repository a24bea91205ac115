/**
 * The formats of ONNX Runtime's {@code MatMulNBits} and {@code DequantizeLinear}: {@link
 * phiquant.quant.matmulnbits.NBitsFormat} says how a row lies, {@code Algorithm} how its codes are
 * found. Source: ONNX Runtime's ContribOperators.md and its matmul_nbits_quantizer.py.
 */
package phiquant.quant.matmulnbits;
