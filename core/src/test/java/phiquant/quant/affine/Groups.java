package phiquant.quant.affine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import phiquant.quant.FloatType;

/**
 * What the tests of this package quantize: weights as models have them, and the groups that are
 * hard (zeros, one value, denormals, the extremes of a type, every positive number as a maximum).
 * The same on every run, since the golden hashes belong to exactly these numbers.
 */
final class Groups {
  private Groups() {}

  /** The three parts of an encoded run of groups. */
  record Encoded(byte[] weight, byte[] scales, byte[] biases) {
    static Encoded of(GroupFormat format, float[] x) {
      int groups = x.length / format.groupSize();
      byte[] weight = new byte[groups * format.packedBytes()];
      byte[] scales = new byte[groups * format.scaleBytes()];
      byte[] biases = new byte[groups * format.biasBytes()];
      format.encode(
          x,
          0,
          groups,
          MemorySegment.ofArray(weight),
          MemorySegment.ofArray(scales),
          MemorySegment.ofArray(biases));
      return new Encoded(weight, scales, biases);
    }

    float[] decode(GroupFormat format) {
      int groups = scales.length / format.scaleBytes();
      float[] y = new float[groups * format.groupSize()];
      format.decode(
          MemorySegment.ofArray(weight),
          MemorySegment.ofArray(scales),
          MemorySegment.ofArray(biases),
          groups,
          y,
          0);
      return y;
    }
  }

  /** Every format for the given type. */
  static List<GroupFormat> formats(FloatType type) {
    List<GroupFormat> formats = new ArrayList<>();
    for (int bits : GroupFormats.BITS) {
      for (int groupSize : GroupFormats.GROUP_SIZES) {
        formats.add(GroupFormats.scalar("affine", bits, groupSize, type));
      }
    }
    formats.add(MicroscaledFormat.mxfp4(type));
    formats.add(MicroscaledFormat.nvfp4(type));
    formats.add(MicroscaledFormat.mxfp8(type));
    return formats;
  }

  /** Finite numbers of the type, a multiple of 128 of them. */
  static float[] of(FloatType type) {
    Random random = new Random(type.ordinal());
    float largest = type == FloatType.FLOAT16 ? 65504 : 0x1.FEp127f;
    int exponents = type == FloatType.FLOAT16 ? 15 : 120;
    List<float[]> groups = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      groups.add(gaussian(random, 0.02f, 0));
      groups.add(gaussian(random, Math.scalb(1f, random.nextInt(2 * exponents) - exponents), 0));
      groups.add(gaussian(random, 1, random.nextInt(-20, 20)));
    }
    for (int i = 0; i < 100; i++) {
      groups.add(filled((float) random.nextGaussian() * Math.scalb(1f, i % (exponents / 2))));
      groups.add(filled((float) random.nextGaussian() * Math.scalb(1f, -i % exponents)));
      groups.add(gaussian(random, type == FloatType.FLOAT16 ? 0x1p-23f : 0x1p-130f, 0));
      groups.add(picked(random, largest, -largest, 0, Float.MIN_VALUE, 1));
      groups.add(picked(random, 1, -1, 0.5f, -0.5f, 0.25f, 0.75f, 6, -3.5f, 2.5f, 448));
    }
    groups.add(filled(0));
    groups.add(filled(-0f));
    groups.add(filled(largest));
    groups.add(filled(-largest));
    for (int bits = 1; type != FloatType.FLOAT32 && isFinite(type, bits); bits += 4) {
      float[] four = new float[128];
      for (int i = 0; i < 128; i++) {
        float maximum = number(type, Math.min(bits + i / 32, lastFinite(type)));
        four[i] = i % 16 == 0 ? maximum : maximum * (2 * random.nextFloat() - 1);
      }
      groups.add(four);
    }
    float[] all = new float[groups.size() * 128];
    for (int g = 0; g < groups.size(); g++) {
      for (int i = 0; i < 128; i++) {
        float x = type.round(groups.get(g)[i]);
        all[g * 128 + i] = Math.clamp(x, -largest, largest);
      }
    }
    return all;
  }

  private static int lastFinite(FloatType type) {
    return type == FloatType.FLOAT16 ? 0x7BFF : 0x7F7F;
  }

  private static boolean isFinite(FloatType type, int bits) {
    return bits <= lastFinite(type);
  }

  private static float number(FloatType type, int bits) {
    return type == FloatType.FLOAT16
        ? Float.float16ToFloat((short) bits)
        : Float.intBitsToFloat(bits << 16);
  }

  private static float[] gaussian(Random random, float deviation, float mean) {
    float[] x = new float[128];
    for (int i = 0; i < x.length; i++) {
      x[i] = mean + deviation * (float) random.nextGaussian();
    }
    return x;
  }

  private static float[] filled(float value) {
    float[] x = new float[128];
    Arrays.fill(x, value);
    return x;
  }

  private static float[] picked(Random random, float... values) {
    float[] x = new float[128];
    for (int i = 0; i < x.length; i++) {
      x[i] = values[random.nextInt(values.length)];
    }
    return x;
  }
}
