package phiquant.quant.ggml;

import java.util.SplittableRandom;

/** Weights of every kind that a format must bear, reproducible. */
enum Weights {
  NORMAL,
  BFLOAT16,
  HUGE_RANGE,
  ZERO_BLOCKS,
  CONSTANT_BLOCKS,
  DENORMAL,
  TINY_DENORMAL,
  GRID,
  POSITIVE,
  NEGATIVE,
  NEAR_OVERFLOW;

  float[] of(int count, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] x = new float[count];
    for (int i = 0; i < count; i++) {
      float g = (float) random.nextGaussian();
      x[i] =
          switch (this) {
            case NORMAL -> g * 0.02f;
            case BFLOAT16 -> Float.intBitsToFloat(Float.floatToRawIntBits(g * 0.03f) & 0xffff0000);
            case HUGE_RANGE -> (float) Math.exp(random.nextGaussian() * 8) * g;
            case ZERO_BLOCKS -> i / 256 % 3 == 0 ? 0 : g;
            case CONSTANT_BLOCKS -> i / 32 % 2 == 0 ? 0.5f : g * 1e-20f;
            case DENORMAL -> Float.intBitsToFloat(random.nextInt() & 0x807fffff);
            case TINY_DENORMAL -> Float.intBitsToFloat(random.nextInt() & 0x800003ff);
            case GRID -> Math.round(g * 3) / 8f;
            case POSITIVE -> Math.abs(g);
            case NEGATIVE -> -Math.abs(g) * 1000;
            case NEAR_OVERFLOW -> g * 1e37f;
          };
    }
    return x;
  }
}
