package phiquant.quant.matmulnbits;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import phiquant.UserError;
import phiquant.quant.FloatType;
import phiquant.quant.grid.GridFormat;

/**
 * Blocks of a few bits as ONNX Runtime's {@code com.microsoft.MatMulNBits} and {@code
 * GatherBlockQuantized} store them: {@code w = (code - zero point) * scale}. A row of K weights is
 * cut into blocks; the last one is filled up if need be. A row's bytes, for {@code blocks = ceil(K
 * / block)}:
 *
 * <pre>
 *   codes        [blocks, block * bits / 8]     the first code in the lowest bits
 *   scales       [blocks]                       of the model's type
 *   zero points  [ceil(blocks * bits / 8)]      packed like codes; none if 2^(bits - 1) everywhere
 * </pre>
 *
 * <p>Source: {@code docs/ContribOperators.md} of ONNX Runtime. Holds no state; used by many
 * threads.
 *
 * @param algorithm how scales and zero points are found
 * @param bits of a code: 2, 4 or 8
 * @param block weights that share a scale: a power of two from 16 to 256
 * @param symmetric whether all zero points are 2^(bits - 1) and not stored; {@code k_quant} stores
 *     them all the same
 * @param type what weights are rounded to first, and the type of the scales
 */
public record NBitsFormat(
    Algorithm algorithm, int bits, int block, boolean symmetric, FloatType type) {
  /** Bits of a code that the engine has. */
  public static final List<Integer> BITS = List.of(2, 4, 8);

  /** Sizes of a block that the engine has. */
  public static final List<Integer> BLOCKS = List.of(16, 32, 64, 128, 256);

  /** Scales and zero points of blocks that follow one another. */
  public record Grid(float[] scales, int[] zeroPoints) {}

  /** Refuses what the engine does not have, listing what it has. */
  public NBitsFormat {
    check(bits, "codes of %d bits", BITS);
    check(block, "blocks of %d weights", BLOCKS);
  }

  /** Whether zero points are stored. */
  public boolean hasZeroPoints() {
    return !symmetric || algorithm == Algorithm.K_QUANT;
  }

  /** Blocks of a row. */
  public int blocks(int columns) {
    return Math.ceilDiv(columns, block);
  }

  /** Bytes of the codes of one block. */
  public int blockBytes() {
    return block * bits / 8;
  }

  /** Bytes of the codes of a row. */
  public int codeBytes(int columns) {
    return blocks(columns) * blockBytes();
  }

  /** Bytes of the scales of a row. */
  public int scaleBytes(int columns) {
    return blocks(columns) * type.bytes();
  }

  /** Bytes of the zero points of a row, 0 if none are stored. */
  public int zeroPointBytes(int columns) {
    return hasZeroPoints() ? Math.ceilDiv(blocks(columns) * bits, 8) : 0;
  }

  /** Bits that one weight takes, scale and zero point included. */
  public double bitsPerWeight() {
    return bits + (8.0 * type.bytes() + (hasZeroPoints() ? bits : 0)) / block;
  }

  /**
   * Encodes rows that lie one after the other.
   *
   * @param x {@code rows * columns} weights
   * @param codes receives {@code rows * codeBytes(columns)} bytes
   * @param scales receives {@code rows * scaleBytes(columns)} bytes
   * @param zeroPoints receives {@code rows * zeroPointBytes(columns)} bytes; not touched if there
   *     are none
   */
  public void encode(
      float[] x,
      int rows,
      int columns,
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment zeroPoints) {
    encode(Blocks.of(algorithm), x, rows, columns, codes, scales, zeroPoints);
  }

  /** Encodes rows so that an error in a column counts as much as is said. */
  public interface Weighted {
    /** As {@link NBitsFormat#encode} does. */
    void encode(
        float[] x,
        int rows,
        int columns,
        MemorySegment codes,
        MemorySegment scales,
        MemorySegment zeroPoints);
  }

  /**
   * An encoder that minimizes the weighted error: where the algorithm's grid can be bettered, it
   * is. May be used by many threads.
   *
   * @param importance of each column of a row, not negative
   */
  public Weighted weighted(float[] importance) {
    Blocks quantizer = WeightedBlocks.of(this, importance);
    return (x, rows, columns, codes, scales, zeroPoints) ->
        encode(quantizer, x, rows, columns, codes, scales, zeroPoints);
  }

  /** Its grids, for who finds codes himself; none for rows that need filling up. */
  public Optional<GridFormat> grid(int columns) {
    return columns % block == 0 ? Optional.of(new NBitsGrid(this)) : Optional.empty();
  }

  /** The same, in a form to choose. */
  void encode(
      Blocks quantizer,
      float[] x,
      int rows,
      int columns,
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment zeroPoints) {
    int blocks = rows * blocks(columns);
    new NBitsRows(this, columns)
        .encode(quantizer, x, rows, new float[blocks], new int[blocks], codes, scales, zeroPoints);
  }

  /**
   * Encodes rows on grids that come from elsewhere, such as calibrated ones. Codes are made as
   * {@code default} makes them.
   *
   * @param grid scales [rows, blocks] and zero points [rows, blocks]; rounded to the model's type
   *     here
   */
  public void encode(
      Grid grid,
      float[] x,
      int rows,
      int columns,
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment zeroPoints) {
    float[] stored = new float[grid.scales.length];
    type.round(grid.scales, 0, stored.length, stored);
    new NBitsRows(this, columns)
        .encode(Blocks.onGivenGrids(), x, rows, stored, grid.zeroPoints, codes, scales, zeroPoints);
  }

  /** Decodes rows, laid out as {@link #encode} leaves them, into {@code y[0 .. rows * columns)}. */
  public void decode(
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment zeroPoints,
      int rows,
      int columns,
      float[] y) {
    new NBitsRows(this, columns).decode(codes, scales, zeroPoints, rows, y);
  }

  /** The largest code. */
  int top() {
    return (1 << bits) - 1;
  }

  /** The zero point of symmetric blocks. */
  int middle() {
    return 1 << bits - 1;
  }

  /** The scale that codes are made with: the stored one, but for bfloat16. */
  float used(float scale) {
    return type == FloatType.BFLOAT16 ? scale : type.round(scale);
  }

  private static void check(int value, String what, List<Integer> possible) {
    if (!possible.contains(value)) {
      throw UserError.usage(
          "ONNX Runtime has no %s; it has %s."
              .formatted(
                  what.formatted(value),
                  String.join(", ", possible.stream().map(String::valueOf).toList())));
    }
  }
}
