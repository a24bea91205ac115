package phiquant.quant.wide;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.quant.Packing;

/** Quads are packed as a stream of bits is, and a range that is not finite is seen. */
@Tag("width")
class QuadsTest {
  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 8})
  void packedAsOneStreamOfBits(int bits) {
    SplittableRandom random = new SplittableRandom(bits);
    for (int count : new int[] {16, 32, 48, 64, 96, 1008, 1024}) {
      int[] codes = new int[1024];
      for (int i = 0; i < count; i++) {
        codes[i] = random.nextInt(1 << bits);
      }
      byte[] expected = new byte[1024 * bits / 8 + 3];
      Packing.pack(codes, count, bits, MemorySegment.ofArray(expected), 3);
      Quads together = new Quads(1024, bits);
      together.take(codes, count);
      assertThat(packed(together, count, bits)).as("%d", count).isEqualTo(expected);
      Quads single = new Quads(1024, bits);
      for (int i = 0; i < count; i++) {
        single.put(i, codes[i]);
      }
      assertThat(packed(single, count, bits)).as("%d, one by one", count).isEqualTo(expected);
    }
  }

  private static byte[] packed(Quads quads, int count, int bits) {
    byte[] out = new byte[1024 * bits / 8 + 3];
    quads.pack(count, MemorySegment.ofArray(out), 3);
    return out;
  }

  @Test
  void extremesAreThoseOfSortedWeights() {
    SplittableRandom random = new SplittableRandom(1);
    Extremes extremes = new Extremes(1);
    for (int turn = 0; turn < 500; turn++) {
      float[] x = new float[32];
      for (int i = 0; i < 32; i++) {
        // Of either sign, of one, and of both zeros.
        x[i] = (float) random.nextGaussian() + turn % 5 * 3 - 6;
        x[i] = random.nextInt(4) == 0 ? (turn % 2 == 0 ? 0f : -0f) : x[i];
      }
      float[] sorted = x.clone();
      Arrays.sort(sorted);
      extremes.find(x, 0, 1, 32);
      assertThat(extremes.lowest(0) + 0f).isEqualTo(Math.min(0f, sorted[0]) + 0f);
      assertThat(extremes.highest(0) + 0f).isEqualTo(Math.max(0f, sorted[31]) + 0f);
      assertThat(extremes.isFinite(0)).isTrue();
    }
  }

  @Test
  void whatIsNotFiniteIsSeenWhereverItLies() {
    Extremes extremes = new Extremes(1);
    float[] strange = {
      Float.NaN, Float.intBitsToFloat(0xFFC00001), Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY
    };
    for (float one : strange) {
      for (int i = 0; i < 32; i++) {
        for (float other : new float[] {1, -1, 0}) {
          float[] x = new float[32];
          Arrays.fill(x, other);
          x[i] = one;
          extremes.find(x, 0, 1, 32);
          assertThat(extremes.isFinite(0)).as("%s among %s", one, other).isFalse();
        }
      }
    }
  }
}
