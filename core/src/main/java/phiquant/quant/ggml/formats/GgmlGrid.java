package phiquant.quant.ggml.formats;

import static phiquant.quant.ggml.GgmlBlock.put;
import static phiquant.quant.ggml.GgmlBlock.putHalf;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Optional;
import phiquant.quant.FloatType;
import phiquant.quant.ggml.GgmlType;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.grid.GridRule;
import phiquant.quant.grid.GridRule.Zero;
import phiquant.quant.grid.GridSearch;

/**
 * The grids of ggml's blocks of 32 integers, for who finds codes himself. One begins with
 * llama.cpp's own grid: the weight of largest magnitude at the end that has one level more, or the
 * whole range.
 *
 * @param type Q4_0, Q4_1, Q5_0, Q5_1 or Q8_0
 * @param rule of its levels
 */
record GgmlGrid(GgmlType type, GridRule rule) implements GridFormat {
  private static final int BLOCK = 32;

  /** The grids of a type, if it has even ones that are not scaled in turn. */
  static Optional<GridFormat> of(GgmlType type) {
    return switch (type) {
      case Q4_0 -> of(type, Zero.FIXED, 4);
      case Q4_1 -> of(type, Zero.FREE, 4);
      case Q5_0 -> of(type, Zero.FIXED, 5);
      case Q5_1 -> of(type, Zero.FREE, 5);
      case Q8_0 -> of(type, Zero.FIXED, 8);
      default -> Optional.empty();
    };
  }

  private static Optional<GridFormat> of(GgmlType type, Zero zero, int bits) {
    return Optional.of(new GgmlGrid(type, new GridRule(zero, bits, FloatType.FLOAT16)));
  }

  @Override
  public int group() {
    return BLOCK;
  }

  @Override
  public void lay(float[] x, int rows, float[] importance, float[] scales, float[] offsets) {
    for (int b = 0; b < scales.length; b++) {
      Range range = Range.of(x, b * BLOCK, BLOCK);
      boolean free = rule.zero() == Zero.FREE;
      float extreme = -range.min() >= range.max() ? range.min() : range.max();
      scales[b] = free ? range.width() / rule.top() : extreme / rule.lowest(0);
      offsets[b] = free ? range.min() : 0;
    }
    GridSearch.of(rule, BLOCK, importance).improve(x, 0, scales.length, 0, scales, offsets, 0);
  }

  @Override
  public void write(Rows rows, MemorySegment... out) {
    boolean free = rule.zero() == Zero.FREE;
    for (int b = 0; b < rows.scales().length; b++) {
      long at = (long) b * type.blockBytes();
      putHalf(out[0], at, rows.scales()[b]);
      at += 2;
      if (free) {
        putHalf(out[0], at, rows.offsets()[b]);
        at += 2;
      }
      byte[] codes = Arrays.copyOfRange(rows.codes(), b * BLOCK, (b + 1) * BLOCK);
      switch (rule.bits()) {
        case 4 -> Nibbles.put(codes, out[0], at);
        case 5 -> Nibbles.putFives(codes, out[0], at);
        default -> {
          for (int i = 0; i < BLOCK; i++) {
            put(out[0], at + i, codes[i] + (int) rule.lowest(0));
          }
        }
      }
    }
  }
}
