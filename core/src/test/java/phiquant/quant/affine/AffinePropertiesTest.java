package phiquant.quant.affine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Scale;
import phiquant.quant.FloatType;
import phiquant.quant.Packing;
import phiquant.quant.affine.Groups.Encoded;

class AffinePropertiesTest {
  @Property(tries = 200)
  void packingIsALittleEndianStreamOfBitsThatRoundTrips(
      @ForAll("bits") int bits, @ForAll("codes") int[] codes) {
    int[] cut = new int[codes.length];
    for (int i = 0; i < codes.length; i++) {
      cut[i] = codes[i] & (1 << bits) - 1;
    }
    byte[] packed = new byte[codes.length * bits / 8];
    Packing.pack(cut, cut.length, bits, MemorySegment.ofArray(packed), 0);
    for (int i = 0; i < cut.length * bits; i++) {
      assertThat(packed[i / 8] >> i % 8 & 1).isEqualTo(cut[i / bits] >> i % bits & 1);
    }
    int[] back = new int[cut.length];
    Packing.unpack(MemorySegment.ofArray(packed), 0, bits, back, back.length);
    assertThat(back).isEqualTo(cut);
  }

  /**
   * Stretching changes the step by half of it at most, so rounding costs 3/4 of a step; and moves
   * the other end by a step at most; storing scale and bias costs 2^-8 of each.
   */
  @Property(tries = 300)
  void affineErrorStaysBelowTwoSteps(
      @ForAll("bits") int bits, @ForAll("groupSize") int groupSize, @ForAll("weights") float[] x) {
    GroupFormat format = GroupFormats.affine(bits, groupSize, FloatType.BFLOAT16);
    float[] y = Encoded.of(format, x).decode(format);
    for (int from = 0; from < x.length; from += groupSize) {
      float min = Float.POSITIVE_INFINITY;
      float max = Float.NEGATIVE_INFINITY;
      for (int i = from; i < from + groupSize; i++) {
        min = Math.min(min, FloatType.BFLOAT16.round(x[i]));
        max = Math.max(max, FloatType.BFLOAT16.round(x[i]));
      }
      float step = Math.max((max - min) / ((1 << bits) - 1), 1e-7f);
      float edge = Math.max(Math.abs(min), Math.abs(max));
      float bound = 1.75f * step + (max - min + edge) / 256;
      for (int i = from; i < from + groupSize; i++) {
        assertThat(Math.abs(y[i] - x[i])).as("weight %d, %s", i, x[i]).isLessThanOrEqualTo(bound);
      }
    }
  }

  /** Told how much columns count, it never loses more of what counts. */
  @Property(tries = 200)
  void weightedErrorIsNeverAboveThePlainForms(
      @ForAll("bits") int bits,
      @ForAll("groupSize") int groupSize,
      @ForAll("weights") float[] raw,
      @ForAll @IntRange(max = 1000) int seed) {
    GroupFormat format = GroupFormats.affine(bits, groupSize, FloatType.BFLOAT16);
    Random random = new Random(seed);
    float[] x = new float[raw.length];
    float[] importance = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = FloatType.BFLOAT16.round(raw[i]);
      importance[i] = (float) Math.exp(2 * random.nextGaussian());
    }
    float[] plain = Encoded.of(format, x).decode(format);
    GroupFormat weighted = format.weighted(importance);
    float[] y = Encoded.of(weighted, x).decode(weighted);
    double noise = (groupSize + 4 * 256) * 0x1p-23;
    for (int from = 0; from < x.length; from += groupSize) {
      double before = 0;
      double after = 0;
      float largest = 0;
      for (int i = from; i < from + groupSize; i++) {
        before += importance[i] * Math.pow((double) plain[i] - x[i], 2);
        after += importance[i] * Math.pow((double) y[i] - x[i], 2);
        largest = Math.max(largest, importance[i] * x[i] * x[i]);
      }
      // A difference of nearly equal numbers is off by 2^-22 of them at most.
      assertThat(after).isLessThanOrEqualTo(before * (1 + noise) + groupSize * largest * 0x1p-40);
    }
  }

  @Property(tries = 300)
  void microscaledErrorIsHalfTheSpacingOfItsElements(@ForAll("weights") float[] x) {
    for (GroupFormat format : Groups.formats(FloatType.FLOAT32)) {
      if (format.biasBytes() > 0) {
        continue;
      }
      float[] y = Encoded.of(format, x).decode(format);
      for (int from = 0; from < x.length; from += format.groupSize()) {
        float largest = 0;
        for (int i = from; i < from + format.groupSize(); i++) {
          largest = Math.max(largest, Math.abs(x[i]));
        }
        // E8M0 doubles the scale at most, E4M3 moves it by 1/16 at most or by 2^-10.
        float scale = largest / (format.bits() == 4 ? 6 : 448);
        scale = format.groupSize() == 16 ? scale * 17 / 16 + 0x1p-10f : 2 * scale;
        for (int i = from; i < from + format.groupSize(); i++) {
          float bound =
              format.bits() == 4
                  ? Math.max(scale, largest / 16 + 6 * 0x1p-10f)
                  : Math.max(Math.abs(x[i]) / 16, scale * 0x1p-10f);
          assertThat(Math.abs(y[i] - x[i]))
              .as("%s weight %d, %s", format.mode(), i, x[i])
              .isLessThanOrEqualTo(bound * 1.0001f);
        }
      }
    }
  }

  @Property(tries = 1000)
  void e4m3RoundsToTheNearest(@ForAll @FloatRange(min = -448, max = 448) @Scale(9) float x) {
    float rounded = E4M3.decode(E4M3.encode(x));
    for (int code = 0; code < 256; code++) {
      if ((code & 0x7F) != 0x7F) {
        assertThat(Math.abs(rounded - x)).isLessThanOrEqualTo(Math.abs(E4M3.decode(code) - x));
      }
    }
  }

  @Property(tries = 1000)
  void e8m0IsTheNextPowerOfTwo(@ForAll @IntRange(min = 1, max = 0x7E800000) int bits) {
    float s = Float.intBitsToFloat(bits);
    float scale = ScaleCode.E8M0.round(s);
    assertThat(scale).isGreaterThanOrEqualTo(s);
    assertThat(scale / 2.0).isLessThan(s);
    if (scale >= 0x1p-127f) {
      assertThat(ScaleCode.E8M0.decode(ScaleCode.E8M0.encode(scale))).isEqualTo(scale);
    }
  }

  @Property(tries = 500)
  void typesRoundToTheNearest(@ForAll int any) {
    float x = Float.intBitsToFloat(any);
    float rounded = FloatType.BFLOAT16.round(x);
    if (Float.isFinite(rounded)) {
      int bits = Float.floatToRawIntBits(x) & 0xFFFF0000;
      float below = Float.intBitsToFloat(bits);
      float above = Float.intBitsToFloat(bits + 0x10000);
      assertThat(rounded).isIn(below, above);
      assertThat(Math.abs((double) rounded - x))
          .isEqualTo(Math.min(Math.abs((double) below - x), Math.abs((double) above - x)));
      assertThat(FloatType.BFLOAT16.round(rounded)).isEqualTo(rounded);
      assertThat(FloatType.FLOAT32.round(x)).isEqualTo(x);
    }
  }

  @Provide
  Arbitrary<Integer> bits() {
    return Arbitraries.of(GroupFormats.BITS);
  }

  @Provide
  Arbitrary<Integer> groupSize() {
    return Arbitraries.of(GroupFormats.GROUP_SIZES);
  }

  @Provide
  Arbitrary<int[]> codes() {
    return Arbitraries.integers().between(0, 255).array(int[].class).ofSize(32);
  }

  @Provide
  Arbitrary<float[]> weights() {
    return Arbitraries.floats().between(-100, 100).ofScale(6).array(float[].class).ofSize(128);
  }
}
