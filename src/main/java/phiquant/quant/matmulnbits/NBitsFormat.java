package phiquant.quant.matmulnbits;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import phiquant.UserError;
import phiquant.quant.FloatType;
import phiquant.quant.Packing;

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

  /** Weights quantized at a time: whole blocks that stay in the first-level cache. */
  private static final int CHUNK = 1024;

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
    Blocks quantizer = quantizer();
    int blocks = blocks(columns);
    float[] w = new float[CHUNK];
    int[] chunkCodes = new int[CHUNK];
    float[] rowScales = new float[blocks];
    int[] rowZeroPoints = new int[blocks];
    for (int row = 0; row < rows; row++) {
      for (int b = 0; b < blocks; b += CHUNK / block) {
        int count = Math.min(CHUNK / block, blocks - b);
        int present = Math.min(count * block, columns - b * block);
        type.round(x, row * columns + b * block, present, w);
        Arrays.fill(w, present, count * block, 0);
        quantizer.quantize(this, w, 0, count, chunkCodes, rowScales, rowZeroPoints, b);
        if (algorithm == Algorithm.DEFAULT) {
          Arrays.fill(chunkCodes, present, count * block, 0);
        }
        long at = (long) row * codeBytes(columns) + (long) b * blockBytes();
        Packing.pack(chunkCodes, count * block, bits, codes, at);
      }
      type.encode(rowScales, 0, blocks, scales.asSlice((long) row * scaleBytes(columns)));
      if (hasZeroPoints()) {
        packZeroPoints(rowZeroPoints, zeroPoints, (long) row * zeroPointBytes(columns));
      }
    }
  }

  /** Decodes rows, laid out as {@link #encode} leaves them, into {@code y[0 .. rows * columns)}. */
  public void decode(
      MemorySegment codes,
      MemorySegment scales,
      MemorySegment zeroPoints,
      int rows,
      int columns,
      float[] y) {
    int[] blockCodes = new int[block];
    int blocks = blocks(columns);
    for (int row = 0; row < rows; row++) {
      for (int b = 0; b < blocks; b++) {
        long index = (long) row * blocks + b;
        Packing.unpack(codes, index * blockBytes(), bits, blockCodes, block);
        float scale = type.get(scales, index);
        int zeroPoint =
            hasZeroPoints()
                ? zeroPoint(zeroPoints, (long) row * zeroPointBytes(columns), b)
                : middle();
        int present = Math.min(block, columns - b * block);
        for (int i = 0; i < present; i++) {
          y[row * columns + b * block + i] = (blockCodes[i] - zeroPoint) * scale;
        }
      }
    }
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

  private Blocks quantizer() {
    return new EngineBlocks();
  }

  private void packZeroPoints(int[] zeroPoints, MemorySegment out, long at) {
    int perByte = 8 / bits;
    for (int i = 0; i < zeroPoints.length; i += perByte, at++) {
      int packed = 0;
      for (int k = 0; k < perByte; k++) {
        // The engine's library fills the last byte up with the middle code.
        int code = i + k < zeroPoints.length ? zeroPoints[i + k] : middle();
        packed |= code << k * bits;
      }
      out.set(JAVA_BYTE, at, (byte) packed);
    }
  }

  private int zeroPoint(MemorySegment in, long at, int index) {
    int perByte = 8 / bits;
    return in.get(JAVA_BYTE, at + index / perByte) >> index % perByte * bits & top();
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
