/**
 * The numbers: rows of floats to blocks of bytes and back. A {@link phiquant.quant.BlockFormat} is
 * a pair of pure functions; each family of formats has a room, with the scalar form that reads like
 * the formula and the vector form that equals it bit for bit. docs/formats.md tells each.
 */
package phiquant.quant;
