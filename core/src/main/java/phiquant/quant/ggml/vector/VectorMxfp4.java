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
 * MXFP4 with vectors along a block. A code is the number of middles between neighbouring values
 * that lie below the weight's magnitude: differences to both neighbours are exact where they could
 * be equal, and the scalar form keeps the smaller value then.
 */
public final class VectorMxfp4 extends GgmlBlock {
  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
  private static final int LANES = FLOATS.length();

  /** Blocks written together. */
  private static final int BLOCKS = 64;

  /** Exponents below leave middles that are denormal numbers. */
  private static final int SMALLEST = 8;

  private final BlockFormat scalar;

  /** For blocks of tiny or huge weights, and for decoding, there is the scalar form. */
  public VectorMxfp4(BlockFormat scalar) {
    super(GgmlType.MXFP4);
    this.scalar = scalar;
  }

  @Override
  public void encode(float[] x, int from, int count, MemorySegment out, long at) {
    BlockWriter writer = new BlockWriter(17 * BLOCKS, 16 * BLOCKS);
    int[] wide = new int[16 * BLOCKS];
    int[] exponents = new int[BLOCKS];
    for (int block = 0; block < count / 32; block += BLOCKS) {
      int some = Math.min(BLOCKS, count / 32 - block);
      for (int i = 0; i < some; i++) {
        exponents[i] = codes(x, from + 32 * (block + i), wide, 16 * i);
      }
      writer.narrow(wide, 16 * some);
      for (int i = 0; i < some; i++) {
        writer.put(17 * i, exponents[i]);
        writer.putCodes(16 * i, 17 * i + 1, 16);
      }
      long place = at + 17L * block;
      writer.flush(out, place, 17 * some);
      for (int i = 0; i < some; i++) {
        if (exponents[i] < SMALLEST) {
          scalar.encode(x, from + 32 * (block + i), 32, out, place + 17L * i);
        }
      }
    }
  }

  /** The stored exponent of 32 weights, or 0 where the scalar form is called for. */
  private static int codes(float[] x, int from, int[] out, int at) {
    IntVector most = IntVector.zero(INTS);
    for (int i = 0; i < 32; i += LANES) {
      IntVector bits = FloatVector.fromArray(FLOATS, x, from + i).reinterpretAsInts();
      most = bits.and(0x7fffffff).max(most);
    }
    int largest = most.reduceLanes(VectorOperators.MAX);
    int exponent = (largest >> 23) - 2;
    // Just below a power of two, the logarithm that ggml takes may be rounded up to it.
    if (exponent < SMALLEST || exponent > 250 || (largest & 0x7fff00) == 0x7fff00) {
      return 0;
    }
    float scale = Float.intBitsToFloat(exponent - 1 << 23);
    for (int i = 0; i < 16; i += LANES) {
      FloatVector v = FloatVector.fromArray(FLOATS, x, from + i);
      FloatVector w = FloatVector.fromArray(FLOATS, x, from + 16 + i);
      FloatVector a = v.abs();
      FloatVector b = w.abs();
      IntVector low = IntVector.zero(INTS);
      IntVector high = low;
      for (int k = 0; k < 7; k++) {
        // 0.5, 1.5, 2.5, 3.5, 5, 7, 10
        float middle = scale * (k < 4 ? k + 0.5f : k == 4 ? 5f : k == 5 ? 7f : 10f);
        // Says what it is; the package of numbers tells why.
        low = (IntVector) INTS.vectorType().cast(low);
        high = (IntVector) INTS.vectorType().cast(high);
        low = low.add(1, a.compare(VectorOperators.GT, middle).cast(INTS));
        high = high.add(1, b.compare(VectorOperators.GT, middle).cast(INTS));
      }
      float least = scale * -0.5f;
      low = low.add(8, v.compare(VectorOperators.LT, least).cast(INTS));
      high = high.add(8, w.compare(VectorOperators.LT, least).cast(INTS));
      low.or(high.lanewise(VectorOperators.LSHL, 4)).intoArray(out, at + i);
    }
    return exponent;
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
