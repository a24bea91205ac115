package phiquant.target.onnx;

import phiquant.quant.FloatType;

/** How one matrix is stored: as plain floats, or as codes in blocks. */
sealed interface Precision {
  /** Plain floats, in the type that the model computes in. */
  record Plain(FloatType type) implements Precision {}

  /**
   * Codes with a scale for each block, as {@code com.microsoft.MatMulNBits} has them.
   *
   * @param bits of a code
   * @param block weights of a row that share a scale
   * @param symmetric whether there are no zero points
   * @param algorithm that chooses scales, by the builder's name
   * @param scales their type, which is the one that the model computes in
   */
  record Blocks(int bits, int block, boolean symmetric, String algorithm, FloatType scales)
      implements Precision {}
}
