package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.quant.FloatType;
import phiquant.quant.Packing;
import phiquant.quant.grid.GridFormat;

/**
 * MLX's affine quantization: {@code w = scale * q + bias} with {@code q} from 0 to {@code 2^bits -
 * 1}. The range of a group is cut into equal steps; then the scale is stretched a little so that
 * zero falls on a step, and the end of the range that is farther from zero is exact. Source: {@code
 * quantize} in MLX's {@code mlx/backend/cpu/quantized.cpp}.
 *
 * <p>The formula, in float arithmetic:
 *
 * <pre>
 *   step  = max((max - min) / (2^bits - 1), 1e-7), negative if the maximum is the farther end
 *   edge  = the farther end            steps = rint(edge / step)
 *   scale = edge / steps, bias = edge  (scale = step, bias = 0 if steps is 0)
 *   q     = clamp(rint((w - bias) / scale), 0, 2^bits - 1)
 * </pre>
 *
 * <p>Codes are made with the unrounded scale and bias; both are then stored in the model's type.
 *
 * @param bits 2, 3, 4, 5, 6 or 8
 * @param groupSize 32, 64 or 128
 * @param type what weights are rounded to first, and the type of scales and biases
 */
record AffineFormat(int bits, int groupSize, FloatType type) implements GroupFormat {
  static final float SMALLEST_STEP = 1e-7f;

  @Override
  public String mode() {
    return "affine";
  }

  @Override
  public int scaleBytes() {
    return type.bytes();
  }

  @Override
  public int biasBytes() {
    return type.bytes();
  }

  @Override
  public void encode(
      float[] x,
      int from,
      int groups,
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases) {
    float[] w = new float[groupSize];
    int[] codes = new int[groupSize];
    int top = (1 << bits) - 1;
    for (int g = 0; g < groups; g++) {
      type.round(x, from + g * groupSize, groupSize, w);
      Line line = Line.of(w, 0, groupSize, top);
      for (int i = 0; i < groupSize; i++) {
        codes[i] = line.code(w[i], top);
      }
      Packing.pack(codes, groupSize, bits, packed, (long) g * packedBytes());
      type.put(scales, g, line.scale);
      type.put(biases, g, line.bias);
    }
  }

  @Override
  public void decode(
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases,
      int groups,
      float[] y,
      int from) {
    int[] codes = new int[groupSize];
    for (int g = 0; g < groups; g++) {
      Packing.unpack(packed, (long) g * packedBytes(), bits, codes, groupSize);
      float scale = type.get(scales, g);
      float bias = type.get(biases, g);
      for (int i = 0; i < groupSize; i++) {
        y[from + g * groupSize + i] = scale * codes[i] + bias;
      }
    }
  }

  @Override
  public GroupFormat weighted(float[] importance) {
    return WeightedAffineFormat.of(this, importance);
  }

  @Override
  public Optional<GridFormat> grid() {
    return Optional.of(new AffineGrid(this));
  }

  /** Scale and bias of a group, before they are rounded for storage. */
  record Line(float scale, float bias) {
    /** The code of one weight. */
    int code(float w, int top) {
      return (int) Math.clamp(Math.rint((w - bias) / scale), 0, top);
    }

    /** Through the smallest and the largest weight of a group that begins at {@code w[at]}. */
    static Line of(float[] w, int at, int size, int top) {
      float min = Float.POSITIVE_INFINITY;
      float max = Float.NEGATIVE_INFINITY;
      for (int i = at; i < at + size; i++) {
        max = max < w[i] ? w[i] : max;
        min = w[i] < min ? w[i] : min;
      }
      return through(min, max, top);
    }

    static Line through(float min, float max, int top) {
      boolean low = Math.abs(min) > Math.abs(max);
      float step = (max - min) / top;
      step = step < SMALLEST_STEP ? SMALLEST_STEP : step;
      step = low ? step : -step;
      float edge = low ? min : max;
      float steps = (float) Math.rint(edge / step);
      return steps == 0 ? new Line(step, 0) : new Line(edge / steps, edge);
    }
  }
}
