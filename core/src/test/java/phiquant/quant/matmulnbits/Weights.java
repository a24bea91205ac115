package phiquant.quant.matmulnbits;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import phiquant.quant.FloatType;

/**
 * What the tests of this package quantize: weights as models have them, and runs that are hard
 * (zeros, one value, denormals, the extremes of a type, ties). The same on every run.
 */
final class Weights {
  /** The types that the builder quantizes. */
  static final List<FloatType> TYPES = List.of(FloatType.FLOAT32, FloatType.FLOAT16);

  private static final int RUN = 64;

  private Weights() {}

  /** Every combination of bits, block, zero points and type. */
  static List<NBitsFormat> formats(Algorithm algorithm) {
    List<NBitsFormat> formats = new ArrayList<>();
    for (int bits : NBitsFormat.BITS) {
      for (int block : NBitsFormat.BLOCKS) {
        for (boolean symmetric : new boolean[] {true, false}) {
          for (FloatType type : TYPES) {
            formats.add(new NBitsFormat(algorithm, bits, block, symmetric, type));
          }
        }
      }
    }
    return formats;
  }

  /** Finite numbers of the type. */
  static float[] of(FloatType type, int count) {
    Random random = new Random(count);
    float largest = type == FloatType.FLOAT16 ? 65504 : Float.MAX_VALUE;
    float smallest = type == FloatType.FLOAT16 ? 0x1p-24f : Float.MIN_VALUE;
    float[] x = new float[count];
    for (int run = 0; run * RUN < count; run++) {
      int kind = random.nextInt(12);
      float mean = kind == 1 ? random.nextInt(-20, 20) : 0;
      float deviation = kind == 2 ? 20 * smallest : kind == 3 ? largest / 3 : 0.02f;
      float same = (float) random.nextGaussian();
      float[] picks =
          switch (kind) {
            case 4 -> new float[] {0};
            case 5 -> new float[] {-0f, 0};
            case 6 -> new float[] {same};
            case 7 -> new float[] {largest, -largest, 0, smallest, 1};
            case 8 -> new float[] {7.5f, -7.5f, 8, -8, 0.5f, -0.5f, 1.5f, 2.5f, -3.5f, 0};
            case 9 -> new float[] {15, 0, 0.5f, 1.5f, 2.5f, 7.5f, 14.5f};
            default -> new float[0];
          };
      for (int i = run * RUN; i < Math.min(count, (run + 1) * RUN); i++) {
        float v =
            picks.length > 0
                ? picks[random.nextInt(picks.length)]
                : mean + deviation * (float) random.nextGaussian();
        x[i] = Math.clamp(type.round(v), -largest, largest);
      }
    }
    return x;
  }
}
