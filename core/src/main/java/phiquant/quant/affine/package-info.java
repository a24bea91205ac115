/**
 * MLX's formats: codes with a scale and a bias for a group, and the microscaled ones. {@link
 * phiquant.quant.affine.GroupFormats} has them by name; read {@link
 * phiquant.quant.affine.AffineFormat} first. Source: MLX's quantized.cpp, and the OCP Microscaling
 * specification.
 */
package phiquant.quant.affine;
