package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.quant.FloatType;
import phiquant.quant.grid.GridFormat;

/**
 * One of MLX's number formats: a group of consecutive weights of a row becomes packed codes, a
 * scale and, in affine mode, a bias. The three go into three tensors ({@code weight}, {@code
 * scales}, {@code biases}), so a group has three places instead of one. Implementations hold no
 * state and may be used by many threads.
 */
public interface GroupFormat {
  /** MLX's name for it: {@code affine}, {@code mxfp4}, {@code nvfp4}, {@code mxfp8}. */
  String mode();

  /** Bits of one code. */
  int bits();

  /** Weights in a group. */
  int groupSize();

  /** What the weights are rounded to first; scales and biases are of this type in affine mode. */
  FloatType type();

  /** Bytes that the codes of one group take. */
  default int packedBytes() {
    return groupSize() * bits() / 8;
  }

  /** Bytes of one group's scale. */
  int scaleBytes();

  /** Bytes of one group's bias, 0 if this format has none. */
  int biasBytes();

  /** Bits that one weight takes, scale and bias included. */
  default double bitsPerWeight() {
    return 8.0 * (packedBytes() + scaleBytes() + biasBytes()) / groupSize();
  }

  /**
   * Encodes {@code groups} groups that begin at {@code x[from]}.
   *
   * @param packed receives {@code groups * packedBytes()} bytes
   * @param scales receives {@code groups * scaleBytes()} bytes
   * @param biases receives {@code groups * biasBytes()} bytes; not touched if there are none
   */
  void encode(
      float[] x,
      int from,
      int groups,
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases);

  /**
   * This format with an encoder that minimizes a weighted error: column i of a row counts {@code
   * importance[i]} times. {@link #encode} gets whole rows then. The format itself if its encoder
   * does not search.
   *
   * @param importance not negative, as many as a row has columns
   */
  default GroupFormat weighted(float[] importance) {
    return this;
  }

  /** Its grids, for who finds codes himself; empty if they are not even. */
  default Optional<GridFormat> grid() {
    return Optional.empty();
  }

  /** Decodes {@code groups} groups, laid out as {@link #encode} leaves them, to {@code y[from]}. */
  void decode(
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases,
      int groups,
      float[] y,
      int from);
}
