package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import phiquant.quant.FloatType;
import phiquant.quant.Packing;
import phiquant.quant.VectorSupport;
import phiquant.quant.affine.AffineFormat.Line;
import phiquant.quant.grid.GridFormat;
import phiquant.quant.grid.GridRule;
import phiquant.quant.grid.GridRule.Zero;
import phiquant.quant.grid.GridSearch;

/**
 * {@link AffineFormat} on lines that minimize the weighted error: where MLX's can be bettered, it
 * is. Codes are made from scales and biases as they are stored.
 *
 * @param plain the format without weights
 * @param search for the lines of a row's groups
 */
record WeightedAffineFormat(AffineFormat plain, GridSearch search) implements GroupFormat {
  static WeightedAffineFormat of(AffineFormat plain, float[] importance) {
    return new WeightedAffineFormat(
        plain, GridSearch.of(rule(plain), plain.groupSize(), importance));
  }

  static GridRule rule(AffineFormat plain) {
    return new GridRule(Zero.FREE, plain.bits(), plain.type());
  }

  /**
   * The lines of groups that lie one after the other, as they are stored.
   *
   * @param w weights, rounded to the model's type
   */
  void lines(float[] w, float[] scales, float[] offsets) {
    int size = groupSize();
    int top = (1 << bits()) - 1;
    boolean wide = VectorSupport.available();
    for (int g = 0; g < scales.length; g++) {
      Line line =
          wide ? VectorAffineFormat.line(w, g * size, size, top) : Line.of(w, g * size, size, top);
      scales[g] = line.scale();
      offsets[g] = line.bias();
    }
    search.improve(w, 0, scales.length, 0, scales, offsets, 0);
  }

  @Override
  public String mode() {
    return plain.mode();
  }

  @Override
  public int bits() {
    return plain.bits();
  }

  @Override
  public int groupSize() {
    return plain.groupSize();
  }

  @Override
  public FloatType type() {
    return plain.type();
  }

  @Override
  public int scaleBytes() {
    return plain.scaleBytes();
  }

  @Override
  public int biasBytes() {
    return plain.biasBytes();
  }

  @Override
  public void encode(
      float[] x,
      int from,
      int groups,
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases) {
    int size = groupSize();
    int top = (1 << bits()) - 1;
    boolean wide = VectorSupport.available();
    float[] w = new float[groups * size];
    type().round(x, from, w.length, w);
    float[] found = new float[groups];
    float[] offsets = new float[groups];
    lines(w, found, offsets);
    type().encode(found, 0, groups, scales);
    type().encode(offsets, 0, groups, biases);
    int[] codes = new int[w.length];
    for (int g = 0; g < groups; g++) {
      Line line = new Line(found[g], offsets[g]);
      if (wide) {
        VectorAffineFormat.codes(w, g * size, size, line, top, codes);
      } else {
        for (int i = g * size; i < (g + 1) * size; i++) {
          codes[i] = line.code(w[i], top);
        }
      }
    }
    Packing.pack(codes, codes.length, bits(), packed, 0);
  }

  @Override
  public Optional<GridFormat> grid() {
    return plain.grid();
  }

  @Override
  public void decode(
      MemorySegment packed,
      MemorySegment scales,
      MemorySegment biases,
      int groups,
      float[] y,
      int from) {
    plain.decode(packed, scales, biases, groups, y, from);
  }
}
