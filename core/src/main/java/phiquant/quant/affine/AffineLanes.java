package phiquant.quant.affine;

import static jdk.incubator.vector.VectorOperators.ABS;
import static jdk.incubator.vector.VectorOperators.GT;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LT;
import static phiquant.quant.wide.Quads.BYTES;
import static phiquant.quant.wide.Quads.FLOATS;
import static phiquant.quant.wide.Quads.INTS;
import static phiquant.quant.wide.Quads.LANES;
import static phiquant.quant.wide.Quads.UNIT;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import phiquant.quant.affine.AffineFormat.Line;
import phiquant.quant.wide.Extremes;
import phiquant.quant.wide.Quads;
import phiquant.quant.wide.TypedWeights;

/**
 * The lines of {@link AffineFormat} for many groups, a group in each lane, and the codes on them.
 *
 * <p>Codes need no lower bound: a line begins at the farther end of the range, from which all
 * weights lie in the scale's direction. The upper one they pass by less than 1, since the scale is
 * stretched by no more than half a step in {@code 2^bits - 1.5}.
 */
final class AffineLanes {
  private final int size;
  private final int top;
  private final float[] scales;
  private final float[] biases;

  /**
   * Lines of groups that follow one another.
   *
   * @param size of a group, a multiple of 32
   */
  AffineLanes(int groups, int size, int bits) {
    this.size = size;
    this.top = (1 << bits) - 1;
    this.scales = new float[groups + LANES];
    this.biases = new float[groups + LANES];
  }

  float[] scales() {
    return scales;
  }

  float[] biases() {
    return biases;
  }

  /** The lines of {@code some} groups, to {@code first} and after. */
  void lines(TypedWeights weights, int some, int first) {
    Extremes extremes = weights.extremes();
    for (int g = 0; g < some; g += LANES) {
      lines(extremes, g, first);
    }
    for (int g = 0; g < some; g++) {
      if (extremes.largest()[g] < 0 || extremes.smallest()[g] > 0 || !extremes.isFinite(g)) {
        // Of one sign, or not all finite.
        Line line = Line.of(weights.array(), weights.at() + g * size, size, top);
        scales[first + g] = line.scale();
        biases[first + g] = line.bias();
      }
    }
  }

  /** As {@link Line#through}, for ranges that hold zero: edge / step is between -255 and 0. */
  private void lines(Extremes extremes, int g, int first) {
    FloatVector max = IntVector.fromArray(INTS, extremes.largest(), g).reinterpretAsFloats();
    FloatVector min = IntVector.fromArray(INTS, extremes.smallest(), g).reinterpretAsFloats();
    VectorMask<Float> low = min.lanewise(ABS).compare(GT, max.lanewise(ABS));
    FloatVector step = max.sub(min).div((float) top);
    step = step.blend(AffineFormat.SMALLEST_STEP, step.compare(LT, AffineFormat.SMALLEST_STEP));
    step = step.neg().blend(step, low);
    FloatVector edge = max.blend(min, low);
    FloatVector steps = edge.div(step).add(Quads.ROUND).sub(Quads.ROUND);
    VectorMask<Float> none = steps.eq(0f);
    edge.div(steps).blend(step, none).intoArray(scales, first + g);
    edge.blend(0f, none).intoArray(biases, first + g);
  }

  /** The codes of {@code groups} groups, the first of which has line {@code first}. */
  void codes(TypedWeights weights, int groups, int first, Quads quads) {
    if (top == 255) {
      bytes(weights.array(), weights.at(), groups, first, quads.array());
    } else {
      small(weights.array(), weights.at(), groups, first, quads.array());
    }
    for (int g = 0; g < groups; g++) {
      if (!weights.extremes().isFinite(g) || scales[first + g] == 0) {
        plain(weights.array(), weights.at(), g, first, quads);
      }
    }
  }

  private void small(float[] w, int at, int groups, int first, int[] quads) {
    FloatVector round = FloatVector.broadcast(FLOATS, Quads.ROUND);
    IntVector zeros = IntVector.broadcast(INTS, Quads.ZEROS);
    ByteVector most = ByteVector.broadcast(BYTES, (byte) top);
    for (int g = 0, q = 0; g < groups; g++) {
      FloatVector offset = FloatVector.broadcast(FLOATS, -biases[first + g]);
      FloatVector scale = FloatVector.broadcast(FLOATS, scales[first + g]);
      for (int i = at + g * size; i < at + (g + 1) * size; i += UNIT, q += LANES) {
        FloatVector a = FloatVector.fromArray(FLOATS, w, i).add(offset).div(scale);
        FloatVector b = FloatVector.fromArray(FLOATS, w, i + LANES).add(offset).div(scale);
        FloatVector c = FloatVector.fromArray(FLOATS, w, i + 2 * LANES).add(offset).div(scale);
        FloatVector d = FloatVector.fromArray(FLOATS, w, i + 3 * LANES).add(offset).div(scale);
        IntVector low = b.add(round).reinterpretAsInts().lanewise(LSHL, 8);
        IntVector high = d.add(round).reinterpretAsInts().lanewise(LSHL, 24);
        low = low.add(a.add(round).reinterpretAsInts());
        high = high.add(c.add(round).reinterpretAsInts().lanewise(LSHL, 16));
        ByteVector codes = low.add(high).sub(zeros).reinterpretAsBytes();
        codes.min(most).reinterpretAsInts().intoArray(quads, q);
      }
    }
  }

  /** The same for codes that fill their bytes. */
  private void bytes(float[] w, int at, int groups, int first, int[] quads) {
    FloatVector round = FloatVector.broadcast(FLOATS, Quads.ROUND);
    IntVector zeros = IntVector.broadcast(INTS, Quads.ZEROS);
    IntVector most = IntVector.broadcast(INTS, Quads.ZERO + 255);
    for (int g = 0, q = 0; g < groups; g++) {
      FloatVector offset = FloatVector.broadcast(FLOATS, -biases[first + g]);
      FloatVector scale = FloatVector.broadcast(FLOATS, scales[first + g]);
      for (int i = at + g * size; i < at + (g + 1) * size; i += UNIT, q += LANES) {
        FloatVector a = FloatVector.fromArray(FLOATS, w, i).add(offset).div(scale);
        FloatVector b = FloatVector.fromArray(FLOATS, w, i + LANES).add(offset).div(scale);
        FloatVector c = FloatVector.fromArray(FLOATS, w, i + 2 * LANES).add(offset).div(scale);
        FloatVector d = FloatVector.fromArray(FLOATS, w, i + 3 * LANES).add(offset).div(scale);
        IntVector low = b.add(round).reinterpretAsInts().min(most).lanewise(LSHL, 8);
        IntVector high = d.add(round).reinterpretAsInts().min(most).lanewise(LSHL, 24);
        low = low.add(a.add(round).reinterpretAsInts().min(most));
        high = high.add(c.add(round).reinterpretAsInts().min(most).lanewise(LSHL, 16));
        low.add(high).sub(zeros).intoArray(quads, q);
      }
    }
  }

  /** As the formula makes them, where something is not finite: a weight, or steps without end. */
  private void plain(float[] w, int at, int group, int first, Quads quads) {
    Line line = new Line(scales[first + group], biases[first + group]);
    for (int i = group * size; i < (group + 1) * size; i++) {
      quads.put(i, line.code(w[at + i], top));
    }
  }
}
