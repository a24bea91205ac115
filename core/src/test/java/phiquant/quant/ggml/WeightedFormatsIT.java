package phiquant.quant.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.engines.GgmlQuantizer;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.formats.GgmlFormats;

/** Every format with importances against ggml's own code, rows of every kind. */
class WeightedFormatsIT {
  private static final int COLUMNS = 768;
  private static final int ROWS = 16;

  /** With these, ggml gives up on the types of a codebook: no error is a finite float. */
  static final Set<Weights> NOT_FOR_CODEBOOKS =
      EnumSet.of(Weights.HUGE_RANGE, Weights.NEAR_OVERFLOW);

  static Stream<GgmlType> quantized() {
    return Arrays.stream(GgmlType.values()).filter(GgmlType::isQuantized);
  }

  /** What columns may be worth: much alike, of very different size, zero here and there, tiny. */
  enum Importance {
    ONES,
    ALIKE,
    WIDE,
    ZEROS,
    TINY;

    float[] of(int columns) {
      SplittableRandom random = new SplittableRandom(ordinal());
      float[] importance = new float[columns];
      for (int i = 0; i < columns; i++) {
        double g = random.nextGaussian();
        importance[i] =
            switch (this) {
              case ONES -> 1;
              case ALIKE -> (float) Math.exp(g);
              case WIDE -> (float) Math.exp(3 * g);
              case ZEROS -> random.nextInt(4) == 0 ? 0 : (float) (g * g);
              case TINY -> (float) (1e-9 * g * g);
            };
      }
      return importance;
    }
  }

  @ParameterizedTest
  @MethodSource("quantized")
  void blocksEqualGgmls(GgmlType type) {
    boolean codebook = type.name().matches("IQ[123].*");
    for (Importance kind : Importance.values()) {
      float[] importance = kind.of(COLUMNS);
      for (Weights weights : Weights.values()) {
        if (codebook && NOT_FOR_CODEBOOKS.contains(weights)) {
          continue;
        }
        float[] x = weights.of(COLUMNS * ROWS, 11 + weights.ordinal());
        byte[] theirs = GgmlQuantizer.encode(type, x, COLUMNS, importance);
        BlockFormat scalar = GgmlFormats.scalar(type).weighted(importance);
        BlockFormat vector = GgmlFormats.vector(type).weighted(importance);
        assertSame(type, "scalar, " + kind + ", " + weights, encode(scalar, x), theirs);
        assertSame(type, "vector, " + kind + ", " + weights, encode(vector, x), theirs);
      }
    }
  }

  private static byte[] encode(BlockFormat format, float[] x) {
    byte[] out = new byte[Math.toIntExact(format.bytes(x.length))];
    format.encode(x, 0, x.length, MemorySegment.ofArray(out), 0);
    return out;
  }

  private static void assertSame(GgmlType type, String what, byte[] ours, byte[] theirs) {
    int mismatch = Arrays.mismatch(ours, theirs);
    assertThat(mismatch)
        .as("%s, %s: byte of block %d", type, what, mismatch / type.blockBytes())
        .isEqualTo(-1);
  }
}
