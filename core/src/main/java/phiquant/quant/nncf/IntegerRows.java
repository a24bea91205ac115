package phiquant.quant.nncf;

import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.XOR;
import static phiquant.quant.wide.Quads.BYTES;
import static phiquant.quant.wide.Quads.FLOATS;
import static phiquant.quant.wide.Quads.INTS;
import static phiquant.quant.wide.Quads.LANES;
import static phiquant.quant.wide.Quads.UNIT;
import static phiquant.quant.wide.Quads.ZERO;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import phiquant.quant.VectorSupport;
import phiquant.quant.nncf.CompressionFormat.Grid;
import phiquant.quant.wide.Extremes;
import phiquant.quant.wide.Quads;

/**
 * {@link IntegerFormat} for many groups at once, with the Vector API and up to packed codes.
 * Nothing depends on an order, so the bytes are those of the scalar form at every width.
 */
public final class IntegerRows {
  /** Weights whose codes are packed together at least. */
  private static final int CHUNK = 1024;

  /** Above the codes of four bits, so that what rounding takes below zero stays in its byte. */
  private static final int LIFT = 16;

  /** What makes signed bytes of those that have been lifted by 128. */
  private static final int SIGNS = 0x80808080;

  private final IntegerFormat format;
  private final int group;
  private final VectorIntegerFormat slow;

  private IntegerRows(IntegerFormat format, int group) {
    this.format = format;
    this.group = group;
    this.slow = new VectorIntegerFormat(format);
  }

  /** Whether it can be used here, for groups of that size. */
  public static boolean fits(int group) {
    return VectorSupport.available() && group % 32 == 0;
  }

  /**
   * Quantizes groups that follow one another.
   *
   * @param group weights in a group, see {@link #fits}
   * @param codes receives packed codes
   * @param scales receives a scale for each group
   * @param zeroPoints receives a zero point for each group, one in the low bits of each byte
   */
  public static void encode(
      IntegerFormat format,
      float[] x,
      int group,
      MemorySegment codes,
      float[] scales,
      byte[] zeroPoints) {
    new IntegerRows(format, group).encode(x, codes, scales, zeroPoints);
  }

  private void encode(float[] x, MemorySegment out, float[] scales, byte[] zeroPoints) {
    int together = Math.max(1, CHUNK / group);
    Extremes extremes = new Extremes(together);
    Quads quads = new Quads(together * group, format.bits());
    for (int first = 0; first < scales.length; first += together) {
      int some = Math.min(together, scales.length - first);
      extremes.find(x, first * group, some, group);
      for (int g = 0; g < some; g++) {
        int from = (first + g) * group;
        Grid grid = format.grid(extremes.lowest(g), extremes.highest(g));
        // Beyond the largest scale levels may be larger than what rounding bears.
        if (extremes.isFinite(g) && Math.abs(grid.scale()) < Scale.LARGEST) {
          codes(x, from, grid, quads.array(), g * group / 4);
        } else {
          grid = slowly(x, from, quads, g * group);
        }
        scales[first + g] = grid.scale();
        zeroPoints[first + g] = (byte) grid.zeroPoint();
      }
      quads.pack(some * group, out, (long) first * group * format.bits() / 8);
    }
  }

  private void codes(float[] x, int from, Grid grid, int[] quads, int at) {
    if (format.bits() == 4) {
      nibbles(x, from, grid, quads, at);
    } else {
      bytes(x, from, grid, quads, at);
    }
  }

  private void nibbles(float[] x, int from, Grid grid, int[] quads, int at) {
    FloatVector scale = FloatVector.broadcast(FLOATS, grid.scale());
    FloatVector zero = FloatVector.broadcast(FLOATS, grid.zeroPoint());
    // Lifted while they are rounded, for a sum of floats would round once more.
    FloatVector round = FloatVector.broadcast(FLOATS, Quads.ROUND + LIFT);
    IntVector zeros = IntVector.broadcast(INTS, Quads.ZEROS);
    ByteVector least = ByteVector.broadcast(BYTES, (byte) (LIFT + (int) format.low()));
    ByteVector most = ByteVector.broadcast(BYTES, (byte) (LIFT + (int) format.high()));
    for (int i = from, q = at; i < from + group; i += UNIT, q += LANES) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, i).div(scale).add(zero);
      FloatVector b = FloatVector.fromArray(FLOATS, x, i + LANES).div(scale).add(zero);
      FloatVector c = FloatVector.fromArray(FLOATS, x, i + 2 * LANES).div(scale).add(zero);
      FloatVector d = FloatVector.fromArray(FLOATS, x, i + 3 * LANES).div(scale).add(zero);
      IntVector low = b.add(round).reinterpretAsInts().lanewise(LSHL, 8);
      IntVector high = d.add(round).reinterpretAsInts().lanewise(LSHL, 24);
      low = low.add(a.add(round).reinterpretAsInts());
      high = high.add(c.add(round).reinterpretAsInts().lanewise(LSHL, 16));
      ByteVector codes = low.add(high).sub(zeros).reinterpretAsBytes().max(least).min(most);
      codes.and((byte) 15).reinterpretAsInts().intoArray(quads, q);
    }
  }

  private void bytes(float[] x, int from, Grid grid, int[] quads, int at) {
    int lift = format.symmetric() ? 128 : 0;
    FloatVector scale = FloatVector.broadcast(FLOATS, grid.scale());
    FloatVector zero = FloatVector.broadcast(FLOATS, grid.zeroPoint());
    FloatVector round = FloatVector.broadcast(FLOATS, Quads.ROUND + lift);
    IntVector zeros = IntVector.broadcast(INTS, Quads.ZEROS);
    IntVector signs = IntVector.broadcast(INTS, format.symmetric() ? SIGNS : 0);
    IntVector least = IntVector.broadcast(INTS, ZERO + lift + (int) format.low());
    IntVector most = IntVector.broadcast(INTS, ZERO + lift + (int) format.high());
    for (int i = from, q = at; i < from + group; i += UNIT, q += LANES) {
      FloatVector a = FloatVector.fromArray(FLOATS, x, i).div(scale).add(zero);
      FloatVector b = FloatVector.fromArray(FLOATS, x, i + LANES).div(scale).add(zero);
      FloatVector c = FloatVector.fromArray(FLOATS, x, i + 2 * LANES).div(scale).add(zero);
      FloatVector d = FloatVector.fromArray(FLOATS, x, i + 3 * LANES).div(scale).add(zero);
      IntVector low = b.add(round).reinterpretAsInts().max(least).min(most).lanewise(LSHL, 8);
      IntVector high = d.add(round).reinterpretAsInts().max(least).min(most).lanewise(LSHL, 24);
      low = low.add(a.add(round).reinterpretAsInts().max(least).min(most));
      high = high.add(c.add(round).reinterpretAsInts().max(least).min(most).lanewise(LSHL, 16));
      low.add(high).sub(zeros).lanewise(XOR, signs).intoArray(quads, q);
    }
  }

  private Grid slowly(float[] x, int from, Quads quads, int at) {
    byte[] codes = new byte[group];
    Grid grid = slow.encode(x, from, group, codes, 0);
    for (int i = 0; i < group; i++) {
      quads.put(at + i, codes[i] & (format.bits() == 4 ? 15 : 255));
    }
    return grid;
  }
}
