package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import phiquant.quant.FloatType;
import phiquant.quant.Packing;

/**
 * MLX's floating-point formats: small floats that share one scale of a byte, {@code w = scale *
 * element}. Which three there are:
 *
 * <pre>
 *           group  scale  element
 *   mxfp4      32   E8M0     E2M1   4.25 bits per weight
 *   nvfp4      16   E4M3     E2M1   4.5
 *   mxfp8      32   E8M0     E4M3   8.25
 * </pre>
 *
 * <p>The scale is {@code max |w|} divided by the largest element, rounded to what the byte can
 * hold; each weight is divided by it and becomes the nearest element. Every operation is rounded to
 * the model's type, because MLX's CPU backend composes the format from array operations. Source:
 * {@code fp_quantize} in {@code mlx/ops.cpp}.
 */
record MicroscaledFormat(String mode, int bits, int groupSize, ScaleCode scaleCode, FloatType type)
    implements GroupFormat {

  static MicroscaledFormat mxfp4(FloatType type) {
    return new MicroscaledFormat("mxfp4", 4, 32, ScaleCode.E8M0, type);
  }

  static MicroscaledFormat nvfp4(FloatType type) {
    return new MicroscaledFormat("nvfp4", 4, 16, ScaleCode.FLOAT8, type);
  }

  static MicroscaledFormat mxfp8(FloatType type) {
    return new MicroscaledFormat("mxfp8", 8, 32, ScaleCode.E8M0, type);
  }

  @Override
  public int scaleBytes() {
    return 1;
  }

  @Override
  public int biasBytes() {
    return 0;
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
    for (int g = 0; g < groups; g++) {
      type.round(x, from + g * groupSize, groupSize, w);
      float largest = 0;
      for (float v : w) {
        largest = Math.max(largest, Math.abs(v));
      }
      float scale = scale(largest);
      codes(w, 0, scale, codes);
      Packing.pack(codes, groupSize, bits, packed, (long) g * packedBytes());
      scales.set(ValueLayout.JAVA_BYTE, g, (byte) scaleCode.encode(scale));
    }
  }

  /** The elements nearest to {@code w[i] / scale} for a group that begins at {@code at}. */
  void codes(float[] w, int at, float scale, int[] codes) {
    for (int i = at; i < at + groupSize; i++) {
      float element = type.round(w[i] / scale);
      codes[i] = bits == 4 ? E2M1.encode(element) : E4M3.encode(element);
    }
  }

  /** The scale of a group whose largest magnitude is given. */
  float scale(float largest) {
    float largestElement = bits == 4 ? E2M1.MAX : E4M3.MAX;
    return scaleCode.round(type.round(largest / largestElement));
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
      float scale = scaleCode.decode(scales.get(ValueLayout.JAVA_BYTE, g) & 0xFF);
      for (int i = 0; i < groupSize; i++) {
        float element = bits == 4 ? E2M1.decode(codes[i]) : E4M3.decode(codes[i]);
        y[from + g * groupSize + i] = scale * element;
      }
    }
  }
}
