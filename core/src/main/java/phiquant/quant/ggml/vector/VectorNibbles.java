package phiquant.quant.ggml.vector;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.GgmlBlock;
import phiquant.quant.ggml.GgmlType;

/**
 * Q4_0, Q4_1, Q5_0 and Q5_1 with vectors along a block: weights i and i + 16 share a byte, a fifth
 * bit lies apart. All four are {@code q = min(top, trunc((w - base) · inverse + half))}. Largest
 * and smallest weights are the same in any order and the rest is done weight by weight, so the
 * bytes are those of the scalar form.
 */
public final class VectorNibbles extends GgmlBlock {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();
  private static final int MAGNITUDE = 0x7fffffff;

  /** Blocks written together. */
  private static final int BLOCKS = 64;

  private final BlockFormat scalar;
  private final boolean ranged;
  private final boolean fifth;

  /**
   * For blocks with a tie or without a finite step, for decoding and for weighted errors there is
   * the scalar form.
   */
  public VectorNibbles(GgmlType type, BlockFormat scalar) {
    super(type);
    this.scalar = scalar;
    this.ranged = type == GgmlType.Q4_1 || type == GgmlType.Q5_1;
    this.fifth = type == GgmlType.Q5_0 || type == GgmlType.Q5_1;
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    int size = blockBytes();
    BlockWriter writer = new BlockWriter(BLOCKS * size, BLOCKS * 16);
    int[] wide = new int[BLOCKS * 16];
    float[] steps = new float[BLOCKS];
    float[] bases = new float[BLOCKS];
    int[] upper = new int[BLOCKS];
    for (int block = 0; block < count / 32; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 32 - block);
      int first = from + 32 * block;
      for (int i = 0; i < some; i++) {
        int begin = first + 32 * i;
        float base = ranged ? least(x, begin) : 0;
        float d = ranged ? range(x, begin, base) / top() : extreme(x, begin) / -((top() + 1) / 2);
        bases[i] = base;
        steps[i] = d;
        upper[i] = levels(x, begin, base, inverse(d), wide, 16 * i);
      }
      writer.narrow(wide, 16 * some);
      for (int i = 0; i < some; i++) {
        put(writer, i, steps[i], bases[i], upper[i]);
      }
      long place = at + (long) size * block;
      writer.flush(out, place, size * some);
      for (int i = 0; i < some; i++) {
        if (!isPlain(steps[i], bases[i])) {
          scalar.encode(x, first + 32 * i, 32, out, place + (long) size * i);
        }
      }
    }
  }

  private int top() {
    return fifth ? 31 : 15;
  }

  /** Not so: steps that are too small or large for floats, and zero as a minimum: its sign. */
  private boolean isPlain(float d, float base) {
    return Float.isFinite(inverse(d)) && Float.isFinite(d) && !(ranged && base == 0);
  }

  private void put(BlockWriter writer, int block, float d, float base, int upper) {
    int at = block * blockBytes();
    writer.putHalf(at, d);
    if (ranged) {
      writer.putHalf(at + 2, base);
    }
    if (fifth) {
      writer.putInt(at + blockBytes() - 20, upper);
    }
    writer.putCodes(16 * block, at + blockBytes() - 16, 16);
  }

  /** Pairs of levels, a byte in each integer; returns the fifth bits. */
  private int levels(float[] x, int from, float base, float inverse, int[] out, int at) {
    int top = top();
    float half = ranged ? 0.5f : top / 2 + 1.5f;
    long upper = 0;
    for (int i = 0; i < 16; i += LANES) {
      IntVector low =
          ((IntVector)
                  FloatVector.fromArray(FLOATS, x, from + i)
                      .sub(base)
                      .mul(inverse)
                      .add(half)
                      .convert(VectorOperators.F2I, 0))
              .min(top);
      IntVector high =
          ((IntVector)
                  FloatVector.fromArray(FLOATS, x, from + 16 + i)
                      .sub(base)
                      .mul(inverse)
                      .add(half)
                      .convert(VectorOperators.F2I, 0))
              .min(top);
      if (fifth) {
        upper |= low.compare(VectorOperators.GE, 16).toLong() << i;
        upper |= high.compare(VectorOperators.GE, 16).toLong() << 16 + i;
        low = low.and(15);
      }
      low.or(high.lanewise(VectorOperators.LSHL, 4)).intoArray(out, at + i);
    }
    return (int) upper;
  }

  /** The weight of largest magnitude; if both signs have it, the scalar form finds the first. */
  private static float extreme(float[] x, int from) {
    IntVector most = IntVector.zero(INTS);
    for (int i = 0; i < 32; i += LANES) {
      IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
      most = bits.and(MAGNITUDE).max(most);
    }
    int magnitude = most.reduceLanes(VectorOperators.MAX);
    long positive = 0;
    long negative = 0;
    for (int i = 0; i < 32; i += LANES) {
      IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
      positive |= bits.eq(magnitude).toLong();
      negative |= bits.eq(~MAGNITUDE | magnitude).toLong();
    }
    if (positive != 0 && negative != 0) {
      return extreme(x, from, 32);
    }
    return Float.intBitsToFloat(positive != 0 ? magnitude : ~MAGNITUDE | magnitude);
  }

  private static float least(float[] x, int from) {
    IntVector least = IntVector.broadcast(INTS, Integer.MAX_VALUE);
    for (int i = 0; i < 32; i += LANES) {
      IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
      IntVector ordered = bits.lanewise(VectorOperators.ASHR, 31).and(MAGNITUDE);
      least = ordered.lanewise(VectorOperators.XOR, bits).min(least);
    }
    return fromOrdered(least.reduceLanes(VectorOperators.MIN));
  }

  /** The largest weight less {@code base}. */
  private static float range(float[] x, int from, float base) {
    IntVector most = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    for (int i = 0; i < 32; i += LANES) {
      IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
      IntVector ordered = bits.lanewise(VectorOperators.ASHR, 31).and(MAGNITUDE);
      most = ordered.lanewise(VectorOperators.XOR, bits).max(most);
    }
    return fromOrdered(most.reduceLanes(VectorOperators.MAX)) - base;
  }

  /** The float of an integer whose order is that of floats: negative ones have flipped bits. */
  private static float fromOrdered(int ordered) {
    return Float.intBitsToFloat(ordered ^ (ordered >> 31 & MAGNITUDE));
  }

  /** Errors that are weighted call for a search, which has its own vectors. */
  @Override
  public BlockFormat weighted(float[] importance) {
    return scalar.weighted(importance);
  }

  @Override
  protected void encodeBlock(float[] x, int from, MemorySegment out, long at) {
    encode(x, from, 32, out, at);
  }

  @Override
  protected void decodeBlock(MemorySegment in, long at, float[] y, int from) {
    scalar.decode(in, at, y, from, 32);
  }
}
