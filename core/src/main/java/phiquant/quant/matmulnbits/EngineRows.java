package phiquant.quant.matmulnbits;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.GT;
import static phiquant.quant.wide.Quads.FLOATS;
import static phiquant.quant.wide.Quads.INTS;
import static phiquant.quant.wide.Quads.LANES;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import phiquant.quant.FloatType;
import phiquant.quant.wide.Extremes;
import phiquant.quant.wide.Quads;
import phiquant.quant.wide.TypedWeights;

/**
 * {@link EngineBlocks} for many blocks at once, with the Vector API and up to packed codes. Nothing
 * depends on an order, so the bytes are those of the scalar form at every width.
 */
final class EngineRows {
  /** Weights whose codes are packed together. */
  private static final int CHUNK = 1024;

  private final NBitsFormat format;
  private final int block;
  private final TypedWeights weights;
  private final Quads quads;
  private final float[] inverses;
  private final float[] found;
  private final int[] codes = new int[CHUNK];
  private final EngineBlocks slow = new EngineBlocks();

  /** For blocks of a multiple of 32 weights. */
  EngineRows(NBitsFormat format) {
    this.format = format;
    this.block = format.block();
    this.weights = new TypedWeights(format.type(), CHUNK, block);
    this.quads = new Quads(CHUNK, format.bits());
    this.inverses = new float[CHUNK / block + LANES];
    this.found = new float[CHUNK / block + LANES];
  }

  /** Quantizes all blocks, of which there are as many as scales. */
  void encode(float[] x, float[] scales, int[] zeroPoints, MemorySegment out) {
    int together = CHUNK / block;
    for (int first = 0; first < scales.length; first += together) {
      int some = Math.min(together, scales.length - first);
      weights.take(x, first * block, some);
      grids(some, first, scales, zeroPoints);
      codes(some, first, zeroPoints);
      quads.take(codes, some * block);
      for (int b = 0; b < some; b++) {
        if (!weights.extremes().isFinite(b) || Float.isInfinite(inverses[b])) {
          slowly(b, first + b, scales, zeroPoints);
        }
      }
      quads.pack(some * block, out, (long) first * format.blockBytes());
    }
  }

  private void grids(int some, int first, float[] scales, int[] zeroPoints) {
    Extremes extremes = weights.extremes();
    if (format.symmetric()) {
      symmetric(some);
      Arrays.fill(zeroPoints, first, first + some, format.middle());
    }
    for (int b = 0; b < some; b++) {
      float min = extremes.lowest(b);
      float max = extremes.highest(b);
      if (min == max) {
        // Zeros may differ in their sign; then the first one counts.
        min = weights.array()[weights.at() + b * block];
        max = min;
      } else if (format.symmetric()) {
        scales[first + b] = found[b];
        continue;
      }
      EngineBlocks.grid(format, min, max, scales, zeroPoints, first + b);
      inverses[b] = EngineCodes.inverse(scales[first + b]);
    }
  }

  /**
   * Scales and their inverses, a block in each lane: which end of a range is farther from zero is
   * as likely as not, and no processor guesses it.
   */
  private void symmetric(int some) {
    Extremes extremes = weights.extremes();
    FloatVector one = FloatVector.broadcast(FLOATS, 1f);
    for (int b = 0; b < some; b += LANES) {
      FloatVector max =
          IntVector.fromArray(INTS, extremes.largest(), b).max(0).reinterpretAsFloats();
      FloatVector min =
          IntVector.fromArray(INTS, extremes.smallest(), b).min(0).reinterpretAsFloats();
      FloatVector extreme = min.blend(max, max.compare(GT, min.neg()));
      extreme.neg().div((float) format.middle()).intoArray(found, b);
    }
    if (format.type() == FloatType.FLOAT16) {
      format.type().round(found, 0, some, found);
    }
    for (int b = 0; b < some; b += LANES) {
      FloatVector scale = FloatVector.fromArray(FLOATS, found, b);
      one.div(scale).blend(0f, scale.eq(0f)).intoArray(inverses, b);
    }
  }

  /** As {@link EngineCodes}, a code in each integer. */
  private void codes(int some, int first, int[] zeroPoints) {
    float[] w = weights.array();
    FloatVector round = FloatVector.broadcast(FLOATS, Quads.ROUND);
    IntVector least = IntVector.broadcast(INTS, Quads.ZERO);
    IntVector most = IntVector.broadcast(INTS, Quads.ZERO + format.top());
    for (int b = 0; b < some; b++) {
      int from = weights.at() + b * block;
      FloatVector inverse = FloatVector.broadcast(FLOATS, inverses[b]);
      FloatVector zero = FloatVector.broadcast(FLOATS, zeroPoints[first + b]);
      for (int i = 0; i < block; i += LANES) {
        FloatVector level = FloatVector.fromArray(FLOATS, w, from + i).mul(inverse).add(zero);
        FloatVector even = level.add(round);
        FloatVector rest = level.sub(even.sub(round));
        // A tie that went down to the even code goes up instead.
        IntVector code = even.reinterpretAsInts().add(1, rest.compare(EQ, 0.5f).cast(INTS));
        code.max(least).min(most).sub(least).intoArray(codes, b * block + i);
      }
    }
  }

  private void slowly(int b, int index, float[] scales, int[] zeroPoints) {
    int[] own = new int[block];
    int from = weights.at() + b * block;
    slow.quantize(format, weights.array(), from, 1, own, scales, zeroPoints, index);
    for (int i = 0; i < block; i++) {
      quads.put(b * block + i, own[i]);
    }
  }
}
