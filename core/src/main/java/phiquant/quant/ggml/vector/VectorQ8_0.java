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
 * Q8_0 with vectors along a block. The largest magnitude is the same in any order, and everything
 * else is done weight by weight, so the bytes are those of the scalar form.
 */
public final class VectorQ8_0 extends GgmlBlock {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;

  /** Blocks narrowed to bytes together. */
  private static final int BLOCKS = 64;

  /**
   * The largest float below one half: added with the sign of x before truncation, it rounds halfway
   * cases away from zero, as roundf does, for any |x| below 2^22.
   */
  private static final float ALMOST_HALF = 0.49999997f;

  private final BlockFormat scalar;

  /** For blocks whose step has no finite inverse, and for decoding, there is the scalar form. */
  public VectorQ8_0(BlockFormat scalar) {
    super(GgmlType.Q8_0);
    this.scalar = scalar;
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    BlockWriter writer = new BlockWriter(34 * BLOCKS, 32 * BLOCKS);
    int[] wide = new int[32 * BLOCKS];
    float[] steps = new float[BLOCKS];
    for (int block = 0; block < count / 32; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 32 - block);
      int first = from + 32 * block;
      for (int i = 0; i < some; i++) {
        steps[i] = levels(x, first + 32 * i, wide, 32 * i);
      }
      writer.narrow(wide, 32 * some);
      for (int i = 0; i < some; i++) {
        writer.putHalf(34 * i, steps[i]);
        writer.putCodes(32 * i, 34 * i + 2, 32);
      }
      long place = at + 34L * block;
      writer.flush(out, place, 34 * some);
      for (int i = 0; i < some; i++) {
        if (!Float.isFinite(inverse(steps[i]))) {
          scalar.encode(x, first + 32 * i, 32, out, place + 34L * i);
        }
      }
    }
  }

  /** The step of 32 weights; their levels go to {@code levels}. */
  private static float levels(float[] x, int from, int[] levels, int at) {
    // The bits of floats without their sign are in the floats' order.
    IntVector max = IntVector.zero(IntVector.SPECIES_PREFERRED);
    for (int i = 0; i < 32; i += FLOATS.length()) {
      IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
      max = bits.and(0x7fffffff).max(max);
    }
    float d = Float.intBitsToFloat(max.reduceLanes(VectorOperators.MAX)) / 127;
    float inverse = inverse(d);
    FloatVector up = FloatVector.broadcast(FLOATS, ALMOST_HALF);
    FloatVector down = up.neg();
    for (int i = 0; i < 32; i += FLOATS.length()) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, from + i).mul(inverse);
      IntVector level = (IntVector) v.add(up.blend(down, v.lt(0f))).convert(VectorOperators.F2I, 0);
      level.intoArray(levels, at + i);
    }
    return d;
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
