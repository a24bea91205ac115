package phiquant.quant.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.formats.GgmlFormats;

/** What every format promises for any finite weights, however they are chosen. */
class GgmlPropertiesTest {
  @Provide
  Arbitrary<float[]> blocks() {
    Arbitrary<Float> any =
        Arbitraries.oneOf(
            Arbitraries.floats().between(-1f, 1f).ofScale(6),
            Arbitraries.floats().between(-3e4f, 3e4f).ofScale(2),
            Arbitraries.of(0f, -0f, 1f, -1f, 1e-30f, Float.MIN_VALUE, 60000f));
    return any.array(float[].class).ofSize(256);
  }

  /** The largest error is a fraction of the block's range: half a step, and what scales lose. */
  @Property(tries = 150)
  void decodingGivesTheWeightsBackWithinABound(@ForAll("blocks") float[] x, @ForAll GgmlType type) {
    float[] y = roundTrip(GgmlFormats.of(type), x);
    int group = Math.min(256, Math.max(32, type.blockSize()));
    for (int from = 0; from < 256; from += group) {
      float largest = 0;
      for (int i = from; i < from + group; i++) {
        largest = Math.max(largest, Math.abs(x[i]));
      }
      if (type == GgmlType.NVFP4 && (largest < 6 * 0x1p-6f || largest > 6 * 448)) {
        continue; // Its scales are E4M3 with a full mantissa from 2^-6 to 448.
      }
      for (int i = from; i < from + group; i++) {
        assertThat(Math.abs(y[i] - x[i]))
            .as("%s: %s became %s, largest %s", type, x[i], y[i], largest)
            .isLessThanOrEqualTo(bound(type) * largest + 1e-5f);
      }
    }
  }

  /** Errors are finite and zeros stay zeros. */
  @Property(tries = 100)
  void zerosStayZero(@ForAll GgmlType type) {
    for (float y : roundTrip(GgmlFormats.of(type), new float[256])) {
      assertThat(Math.abs(y)).isZero();
    }
  }

  private static float bound(GgmlType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 0x1p-11f;
      case BF16 -> 0x1p-8f;
      case Q8_0 -> 1.1f / 254;
      case Q6_K -> 0.05f;
      case Q5_0, Q5_1 -> 0.07f;
      case Q5_K -> 0.1f;
      case Q4_0, Q4_1 -> 0.14f;
      case IQ4_NL, IQ4_XS, Q4_K -> 0.2f;
      case MXFP4, NVFP4 -> 0.34f;
      case Q3_K -> 0.5f;
      case TQ1_0, TQ2_0, Q2_0 -> 0.51f;
      case Q2_K, Q1_0 -> 1f;
      case IQ3_S, IQ3_XXS -> 1f;
      case IQ1_S, IQ2_XXS, IQ2_XS, IQ2_S -> 1.5f;
      // ggml fits the scale d to codes of 0.875 or more, then raises it by 1.1125, and its rounding
      // of
      // levels may put a group that was fitted with the first level, 1, on the last, 15, where
      // codes
      // reach 1.125: a weight alone in its block comes back ten times as large, in ggml too.
      case IQ1_M -> 1 + 15 * 1.125f * 1.1125f / 0.875f;
    };
  }

  private static float[] roundTrip(BlockFormat format, float[] x) {
    MemorySegment bytes = MemorySegment.ofArray(new byte[(int) format.bytes(x.length)]);
    format.encode(x, 0, x.length, bytes, 0);
    float[] y = new float[x.length];
    format.decode(bytes, 0, y, 0, x.length);
    return y;
  }
}
