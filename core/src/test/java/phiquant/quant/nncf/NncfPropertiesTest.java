package phiquant.quant.nncf;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import phiquant.quant.nncf.CompressionFormat.Grid;

/** What must hold for every group of finite weights, whatever NNCF does. */
class NncfPropertiesTest {
  /**
   * A weight comes back within half a step. At the end of a symmetric range that has one code less,
   * within a whole one.
   */
  @Property(tries = 1000)
  void integersComeBackWithinHalfAStep(
      @ForAll("integers") IntegerFormat format, @ForAll("weights") float[] x) {
    byte[] codes = new byte[x.length];
    Grid grid = format.encode(x, 0, x.length, codes, 0);
    double step = Math.abs(grid.scale());
    for (int i = 0; i < x.length; i++) {
      double error = Math.abs((double) format.decode(codes[i], grid) - x[i]);
      boolean shortEnd = format.symmetric() && codes[i] == format.high();
      // Float arithmetic costs some units in the last place of the largest level.
      double most = (shortEnd ? 1 : 0.5) * step + 4 * Math.ulp(256f) * step;
      assertThat(error).as("%s of %s", x[i], grid).isLessThanOrEqualTo(most);
    }
  }

  /** Told how much columns count, it never loses more of what counts. */
  @Property(tries = 300)
  void weightedErrorIsNeverAboveThePlainForms(
      @ForAll("integers") IntegerFormat format, @ForAll @IntRange(max = 10000) int seed) {
    Random random = new Random(seed);
    int group = 32;
    int groups = 6;
    float[] x = new float[groups * group];
    float[] importance = new float[2 * group];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian() * (i / group == 2 ? 1e-5f : 0.1f);
      importance[i % importance.length] = (float) Math.exp(2 * random.nextGaussian());
    }
    WeightedIntegers weighted = new WeightedIntegers(format, group, importance);
    Grid[] grids = weighted.grids(x, groups);
    byte[] codes = new byte[group];
    byte[] plain = new byte[group];
    for (int g = 0; g < groups; g++) {
      Grid before = format.encode(x, g * group, group, plain, 0);
      weighted.codes(x, g, grids[g], codes);
      // Plain codes are made with a scale that is rounded after.
      Grid stored = new Grid(half(before.scale()), before.zeroPoint());
      assertThat(half(grids[g].scale())).isEqualTo(grids[g].scale());
      double least = error(format, x, g * group, plain, stored, importance);
      double noise = (group + 4 * 256) * 0x1p-23;
      assertThat(error(format, x, g * group, codes, grids[g], importance))
          .isLessThanOrEqualTo(least * (1 + noise) + 1e-20);
    }
  }

  private static float half(float scale) {
    return Float.float16ToFloat(Float.floatToFloat16(scale));
  }

  private static double error(
      IntegerFormat format, float[] x, int from, byte[] codes, Grid grid, float[] importance) {
    double sum = 0;
    for (int i = 0; i < codes.length; i++) {
      double difference = (double) format.decode(codes[i], grid) - x[from + i];
      sum += importance[(from + i) % importance.length] * difference * difference;
    }
    return sum;
  }

  @Property(tries = 1000)
  void zeroIsACodeAndComesBackAsZero(
      @ForAll("integers") IntegerFormat format, @ForAll("finite") float[] x) {
    float[] withZero = Arrays.copyOf(x, x.length + 1);
    byte[] codes = new byte[withZero.length];
    Grid grid = format.encode(withZero, 0, withZero.length, codes, 0);
    assertThat(grid.zeroPoint()).isBetween(0, format.symmetric() ? 0 : (1 << format.bits()) - 1);
    assertThat(format.decode(codes[x.length], grid)).isZero();
  }

  /** The nearest level, found by trying all. */
  @Property(tries = 1000)
  void levelsAreTheNearest(
      @ForAll("levels") CompressionFormat format, @ForAll("weights") float[] x) {
    byte[] codes = new byte[x.length];
    Grid grid = format.encode(x, 0, x.length, codes, 0);
    for (int i = 0; i < x.length; i++) {
      double nearest = Double.POSITIVE_INFINITY;
      for (byte code = 0; code < 16; code++) {
        nearest = Math.min(nearest, Math.abs((double) format.decode(code, grid) - x[i]));
      }
      double error = Math.abs((double) format.decode(codes[i], grid) - x[i]);
      assertThat(error).isLessThanOrEqualTo(nearest + 1e-6 * grid.scale());
    }
  }

  /** Also near the largest float; at that itself MXFP4 rounds up to 2^128. */
  @Property(tries = 1000)
  void finiteWeightsGiveFiniteOnes(
      @ForAll("any") CompressionFormat format, @ForAll("finite") float[] x) {
    byte[] codes = new byte[x.length];
    Grid grid = format.encode(x, 0, x.length, codes, 0);
    if (format.scaleBits() == 16) {
      assertThat(Float.float16ToFloat(Float.floatToFloat16(grid.scale()))).isFinite();
    }
    float[] y = new float[x.length];
    format.decode(codes, 0, codes.length, grid, y, 0);
    for (float value : y) {
      assertThat(value).isFinite();
    }
  }

  @Property(tries = 300)
  void aGroupOfZerosStaysZero(
      @ForAll("any") CompressionFormat format, @ForAll @IntRange(min = 1, max = 300) int count) {
    byte[] codes = new byte[count];
    Grid grid = format.encode(new float[count], 0, count, codes, 0);
    for (byte code : codes) {
      assertThat(format.decode(code, grid)).isZero();
    }
  }

  /** One value over and over costs at most a part of itself that does not depend on its size. */
  @Property(tries = 300)
  void aGroupOfOneValueKeepsIt(
      @ForAll("any") CompressionFormat format,
      @ForAll @FloatRange(min = -1000, max = 1000) float value) {
    float[] x = new float[64];
    Arrays.fill(x, value);
    byte[] codes = new byte[x.length];
    Grid grid = format.encode(x, 0, x.length, codes, 0);
    double error = Math.abs((double) format.decode(codes[0], grid) - value);
    // E2M1 has no level between 4 and 6, so a fifth can be lost there.
    double part = format instanceof F4E2M1 ? 0.2 : 1e-6;
    assertThat(error).isLessThanOrEqualTo(Math.max(part * Math.abs(value), Scale.LEAST));
  }

  @Provide
  Arbitrary<CompressionFormat> any() {
    return Arbitraries.of(Encoded.formats());
  }

  @Provide
  Arbitrary<CompressionFormat> levels() {
    return Arbitraries.of(new Nf4(), new F4E2M1());
  }

  @Provide
  Arbitrary<IntegerFormat> integers() {
    return Arbitraries.of(
        IntegerFormat.INT4_SYM,
        IntegerFormat.INT4_ASYM,
        IntegerFormat.INT8_SYM,
        IntegerFormat.INT8_ASYM);
  }

  /** Groups of every size in a float's range, down to denormals, that an f16 scale can hold. */
  @Provide
  Arbitrary<float[]> weights() {
    return Arbitraries.integers()
        .between(-149, 18)
        .flatMap(
            exponent ->
                Arbitraries.floats()
                    .between(-1, 1)
                    .map(x -> (float) Math.scalb((double) x, exponent))
                    .array(float[].class)
                    .ofMinSize(1)
                    .ofMaxSize(130));
  }

  @Provide
  Arbitrary<float[]> finite() {
    Arbitrary<Float> floats =
        Arbitraries.integers().map(Float::intBitsToFloat).filter(x -> Math.abs(x) <= 0x1.bp127f);
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(8, floats),
            net.jqwik.api.Tuple.of(
                1, Arbitraries.of(0f, -0f, 0x1.bp127f, -0x1.bp127f, Float.MIN_VALUE)))
        .array(float[].class)
        .ofMinSize(1)
        .ofMaxSize(130);
  }
}
