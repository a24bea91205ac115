package phiquant.quant.matmulnbits;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import phiquant.quant.Packing;

/**
 * From rows of floats to the three parts of {@link NBitsFormat} and back: cuts rows into blocks,
 * fills up the last one, packs codes and zero points.
 *
 * @param format of the rows
 * @param columns weights of a row
 */
record NBitsRows(NBitsFormat format, int columns) {
  /** Weights quantized at a time at least: what stays in the first-level cache. */
  private static final int CHUNK = 1024;

  /** Blocks quantized at a time at least: as many as the widest vector has lanes. */
  private static final int LANES = 16;

  /**
   * Encodes rows.
   *
   * @param scales [rows, blocks], found by {@code quantizer} or given to it
   * @param zeroPoints likewise
   */
  void encode(
      Blocks quantizer,
      float[] x,
      int rows,
      float[] scales,
      int[] zeroPoints,
      MemorySegment codesOut,
      MemorySegment scalesOut,
      MemorySegment zeroPointsOut) {
    if (columns % format.block() == 0) {
      // No row needs filling up: all rows together are one long row.
      if (!quantizer.pack(format, x, scales, zeroPoints, codesOut)) {
        codes(quantizer, x, 0, rows * columns, scales, zeroPoints, 0, codesOut);
      }
    } else {
      for (int row = 0; row < rows; row++) {
        int first = row * format.blocks(columns);
        codes(quantizer, x, row * columns, columns, scales, zeroPoints, first, codesOut);
      }
    }
    format.type().encode(scales, 0, scales.length, scalesOut);
    if (format.hasZeroPoints()) {
      for (int row = 0; row < rows; row++) {
        pack(zeroPoints, row, zeroPointsOut);
      }
    }
  }

  /** Encodes {@code count} weights; their first block is number {@code first} of all. */
  private void codes(
      Blocks quantizer,
      float[] x,
      int from,
      int count,
      float[] scales,
      int[] zeroPoints,
      int first,
      MemorySegment out) {
    int block = format.block();
    int most = Math.max(CHUNK, LANES * block);
    float[] w = new float[most];
    int[] codes = new int[most];
    for (int done = 0; done < count; done += most) {
      int present = Math.min(most, count - done);
      int blocks = Math.ceilDiv(present, block);
      int at = first + done / block;
      format.type().round(x, from + done, present, w);
      Arrays.fill(w, present, blocks * block, 0);
      quantizer.quantize(format, w, 0, blocks, codes, scales, zeroPoints, at);
      if (format.algorithm() == Algorithm.DEFAULT) {
        // The engine's library leaves what it fills up at 0; the others quantize it.
        Arrays.fill(codes, present, blocks * block, 0);
      }
      Packing.pack(codes, blocks * block, format.bits(), out, (long) at * format.blockBytes());
    }
  }

  private void pack(int[] zeroPoints, int row, MemorySegment out) {
    int blocks = format.blocks(columns);
    int perByte = 8 / format.bits();
    long at = (long) row * format.zeroPointBytes(columns);
    for (int i = 0; i < blocks; i += perByte, at++) {
      int packed = 0;
      for (int k = 0; k < perByte; k++) {
        // The last byte is filled up with the middle code.
        int code = i + k < blocks ? zeroPoints[row * blocks + i + k] : format.middle();
        packed |= code << k * format.bits();
      }
      out.set(JAVA_BYTE, at, (byte) packed);
    }
  }

  /** Decodes rows into {@code y[0 .. rows * columns)}. */
  void decode(
      MemorySegment codes, MemorySegment scales, MemorySegment zeroPoints, int rows, float[] y) {
    int block = format.block();
    int blocks = format.blocks(columns);
    int[] some = new int[block];
    for (int row = 0; row < rows; row++) {
      for (int b = 0; b < blocks; b++) {
        long index = (long) row * blocks + b;
        Packing.unpack(codes, index * format.blockBytes(), format.bits(), some, block);
        float scale = format.type().get(scales, index);
        int zeroPoint = format.hasZeroPoints() ? zeroPoint(zeroPoints, row, b) : format.middle();
        int from = b * block;
        for (int i = from; i < Math.min(from + block, columns); i++) {
          y[row * columns + i] = (some[i - from] - zeroPoint) * scale;
        }
      }
    }
  }

  private int zeroPoint(MemorySegment in, int row, int b) {
    int perByte = 8 / format.bits();
    long at = (long) row * format.zeroPointBytes(columns) + b / perByte;
    return in.get(JAVA_BYTE, at) >> b % perByte * format.bits() & format.top();
  }
}
