/**
 * Codes in the order of the weights, with scales in a tensor of their own: MLX, MatMulNBits of ONNX
 * Runtime, compressed constants of OpenVINO. They differ in what the offset of a group is, one file
 * each; codes of four bits are multiplied as they lie. Read {@code GroupCodes} first, then {@code
 * NibbleMatrix}.
 */
package phiquant.run.matrix.grouped;
