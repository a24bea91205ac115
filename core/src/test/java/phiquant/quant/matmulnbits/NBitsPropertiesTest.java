package phiquant.quant.matmulnbits;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import phiquant.quant.FloatType;

class NBitsPropertiesTest {
  /**
   * A weight is off by half a step at most, plus what the range misses: the end that symmetric
   * codes lack (a step in default, nothing in rtn, whose grid lies half a step aside), or what a
   * rounded zero point moves (half a step).
   */
  @Property(tries = 300)
  void errorStaysWithinTheStep(
      @ForAll("bits") int bits,
      @ForAll("blocks") int block,
      @ForAll boolean symmetric,
      @ForAll("weights") float[] x) {
    for (Algorithm algorithm : new Algorithm[] {Algorithm.DEFAULT, Algorithm.RTN}) {
      NBitsFormat format = new NBitsFormat(algorithm, bits, block, symmetric, FloatType.FLOAT32);
      float[] y = Encoded.of(format, x, 1, x.length).decode(format, 1, x.length);
      for (int from = 0; from < x.length; from += block) {
        int end = Math.min(from + block, x.length);
        // rtn does not extend an asymmetric range to hold zero, and so may miss all of it.
        float min = algorithm == Algorithm.DEFAULT ? 0 : Float.POSITIVE_INFINITY;
        float max = algorithm == Algorithm.DEFAULT ? 0 : Float.NEGATIVE_INFINITY;
        for (int i = from; i < end; i++) {
          min = Math.min(min, x[i]);
          max = Math.max(max, x[i]);
        }
        boolean holdsZero = symmetric || min <= 0 && max >= 0 && min < max;
        float magnitude = Math.max(Math.abs(min), Math.abs(max));
        float step =
            !symmetric
                ? (max - min) / format.top()
                : algorithm == Algorithm.DEFAULT
                    ? magnitude / format.middle()
                    : 2 * magnitude / format.top();
        for (int i = from; i < end && holdsZero; i++) {
          assertThat(Math.abs(y[i] - x[i]))
              .as("%s: weight %d, %s", format, i, x[i])
              .isLessThanOrEqualTo(step * 1.001f);
        }
      }
    }
  }

  /** The search may give an end of the range away, but never more error than the range's grid. */
  @Property(tries = 200)
  void kQuantIsNoWorseThanItsFirstCandidate(
      @ForAll("bits") int bits, @ForAll("blocks") int block, @ForAll("weights") float[] raw) {
    NBitsFormat format = new NBitsFormat(Algorithm.K_QUANT, bits, block, false, FloatType.FLOAT32);
    float[] x = new float[block];
    for (int i = 0; i < block; i++) {
      x[i] = raw[i % raw.length];
    }
    x[0] = -1;
    x[1] = 1;
    float[] y = Encoded.of(format, x, 1, block).decode(format, 1, block);
    float range = 0;
    for (float v : x) {
      range = Math.max(range, 2 * Math.abs(v));
    }
    double squares = 0;
    double bound = 0;
    double mean = 0;
    for (float v : x) {
      mean += v * v / (double) block;
    }
    for (int i = 0; i < block; i++) {
      double weight = Math.sqrt(mean) + Math.abs(x[i]);
      squares += weight * (y[i] - x[i]) * (y[i] - x[i]);
      // Half a step of the first grid, and half a step for the rounded zero point.
      bound += weight * Math.pow(range / format.top(), 2);
    }
    assertThat(squares).isLessThanOrEqualTo(bound * 1.001);
  }

  /**
   * Told how much columns count, it never loses more of what counts. The search compares sums of
   * floats, and levels that are off by 2^-24 of themselves.
   */
  @Property(tries = 200)
  void weightedErrorIsNeverAboveThePlainForms(
      @ForAll Algorithm algorithm,
      @ForAll("bits") int bits,
      @ForAll("blocks") int block,
      @ForAll boolean symmetric,
      @ForAll("weights") float[] x,
      @ForAll @IntRange(max = 1000) int seed) {
    NBitsFormat format = new NBitsFormat(algorithm, bits, block, symmetric, FloatType.FLOAT32);
    Random random = new Random(seed);
    float[] importance = new float[x.length];
    for (int i = 0; i < x.length; i++) {
      importance[i] = (float) Math.exp(2 * random.nextGaussian());
    }
    float[] plain = Encoded.of(format, x, 1, x.length).decode(format, 1, x.length);
    WeightedBlocks quantizer = WeightedBlocks.of(format, importance);
    float[] y = Encoded.of(format, quantizer, x, 1, x.length).decode(format, 1, x.length);
    double noise = (block + 4 * format.top()) * 0x1p-23;
    for (int from = 0; from < x.length; from += block) {
      double before = 0;
      double after = 0;
      for (int i = from; i < Math.min(from + block, x.length); i++) {
        before += importance[i] * Math.pow((double) plain[i] - x[i], 2);
        after += importance[i] * Math.pow((double) y[i] - x[i], 2);
      }
      assertThat(after).isLessThanOrEqualTo(before * (1 + noise) + 1e-12);
    }
  }

  /** On the grid that a first pass found, the codes are the first pass's. */
  @Property(tries = 200)
  void givenGridsGiveTheSameBytes(
      @ForAll("bits") int bits,
      @ForAll("blocks") int block,
      @ForAll boolean symmetric,
      @ForAll("weights") float[] x) {
    NBitsFormat format =
        new NBitsFormat(Algorithm.DEFAULT, bits, block, symmetric, FloatType.FLOAT16);
    Encoded expected = Encoded.of(format, x, 1, x.length);
    int blocks = format.blocks(x.length);
    float[] scales = new float[blocks];
    int[] zeroPoints = new int[blocks];
    int perByte = 8 / bits;
    for (int b = 0; b < blocks; b++) {
      scales[b] = FloatType.FLOAT16.get(MemorySegment.ofArray(expected.scales()), b);
      zeroPoints[b] =
          symmetric
              ? format.middle()
              : expected.zeroPoints()[b / perByte] >> b % perByte * bits & format.top();
    }
    byte[] codes = new byte[expected.codes().length];
    byte[] storedScales = new byte[expected.scales().length];
    byte[] storedZeroPoints = new byte[expected.zeroPoints().length];
    format.encode(
        new NBitsFormat.Grid(scales, zeroPoints),
        x,
        1,
        x.length,
        MemorySegment.ofArray(codes),
        MemorySegment.ofArray(storedScales),
        MemorySegment.ofArray(storedZeroPoints));
    assertThat(codes).isEqualTo(expected.codes());
    assertThat(storedScales).isEqualTo(expected.scales());
    assertThat(storedZeroPoints).isEqualTo(expected.zeroPoints());
  }

  /** Whatever finite bits come in: no exception, and the parts have the sizes that were said. */
  @Property(tries = 200)
  void anyFiniteWeightsCanBeEncodedAndDecoded(
      @ForAll("anything") float[] x,
      @ForAll("bits") int bits,
      @ForAll("blocks") int block,
      @ForAll boolean symmetric) {
    for (Algorithm algorithm : Algorithm.values()) {
      NBitsFormat format = new NBitsFormat(algorithm, bits, block, symmetric, FloatType.FLOAT32);
      Encoded scalar = Encoded.of(format, Blocks.scalar(algorithm), x, 1, x.length);
      Encoded vector = Encoded.of(format, Blocks.vector(algorithm), x, 1, x.length);
      assertThat(vector.codes()).isEqualTo(scalar.codes());
      assertThat(vector.scales()).isEqualTo(scalar.scales());
      assertThat(vector.zeroPoints()).isEqualTo(scalar.zeroPoints());
      assertThat(scalar.decode(format, 1, x.length)).hasSameSizeAs(x);
    }
  }

  /** Halfway to the next half float a double must not be rounded twice. */
  @Property(tries = 1000)
  void doublesAreRoundedToHalfFloatsOnce(@ForAll @IntRange(max = 0x7BFE) int bits) {
    double below = Float.float16ToFloat((short) bits);
    double above = Float.float16ToFloat((short) (bits + 1));
    double middle = (below + above) / 2;
    assertThat((double) FloatType.FLOAT16.round(Math.nextUp(middle))).isEqualTo(above);
    assertThat((double) FloatType.FLOAT16.round(Math.nextDown(middle))).isEqualTo(below);
    assertThat((double) FloatType.FLOAT16.round(-Math.nextUp(middle))).isEqualTo(-above);
    assertThat((double) FloatType.FLOAT16.round(middle)).isEqualTo(bits % 2 == 0 ? below : above);
  }

  @Provide
  Arbitrary<Integer> bits() {
    return Arbitraries.of(NBitsFormat.BITS);
  }

  @Provide
  Arbitrary<Integer> blocks() {
    return Arbitraries.of(NBitsFormat.BLOCKS);
  }

  @Provide
  Arbitrary<float[]> weights() {
    return Arbitraries.floats()
        .between(-1, 1)
        .ofScale(6)
        .array(float[].class)
        .ofMinSize(1)
        .ofMaxSize(300);
  }

  @Provide
  Arbitrary<float[]> anything() {
    return Arbitraries.integers()
        .map(Float::intBitsToFloat)
        .filter(Float::isFinite)
        .array(Float[].class)
        .ofMinSize(1)
        .ofMaxSize(300)
        .map(
            boxed -> {
              float[] x = new float[boxed.length];
              for (int i = 0; i < x.length; i++) {
                x[i] = boxed[i];
              }
              return x;
            });
  }
}
