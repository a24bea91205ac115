package phiquant.quant.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.engines.GgmlQuantizer;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.formats.GgmlFormats;

/** Every block format against ggml's own code, millions of weights of every kind. */
class GgmlFormatsIT {
  private static final int COUNT = 256 * 600;

  static Stream<GgmlType> quantized() {
    return Arrays.stream(GgmlType.values()).filter(GgmlType::isQuantized);
  }

  /** Those that ggml encodes without importances. */
  static Stream<GgmlType> independent() {
    return quantized().filter(type -> !type.needsImportance());
  }

  /** Without a finite error for any point, ggml gives up on the types of a codebook. */
  private static Stream<Weights> bearable(GgmlType type) {
    boolean codebook = type.needsImportance() || type == GgmlType.IQ3_S;
    return Arrays.stream(Weights.values())
        .filter(each -> !codebook || !WeightedFormatsIT.NOT_FOR_CODEBOOKS.contains(each));
  }

  @ParameterizedTest
  @MethodSource("independent")
  void blocksEqualGgmls(GgmlType type) {
    for (Weights weights : bearable(type).toList()) {
      float[] x = weights.of(COUNT, 7 + weights.ordinal());
      byte[] theirs = GgmlQuantizer.encode(type, x);
      assertSameBlocks(type, "vector, " + weights, encode(GgmlFormats.vector(type), x), theirs);
      float[] some = Arrays.copyOf(x, COUNT / 8);
      assertSameBlocks(
          type,
          "scalar, " + weights,
          encode(GgmlFormats.scalar(type), some),
          Arrays.copyOf(theirs, theirs.length / 8));
    }
  }

  @ParameterizedTest
  @MethodSource("quantized")
  void decodedWeightsEqualGgmls(GgmlType type) {
    float[] importance = new float[256];
    Arrays.fill(importance, 1);
    for (Weights weights : bearable(type).toList()) {
      float[] x = weights.of(256 * 64, weights.ordinal());
      byte[] blocks = GgmlQuantizer.encode(type, x, 256, importance);
      float[] theirs = GgmlQuantizer.decode(type, blocks, x.length);
      for (BlockFormat format :
          new BlockFormat[] {GgmlFormats.scalar(type), GgmlFormats.of(type)}) {
        float[] ours = new float[x.length];
        format.decode(MemorySegment.ofArray(blocks), 0, ours, 0, x.length);
        assertThat(Arrays.equals(ours, theirs)).as(weights.toString()).isTrue();
      }
    }
  }

  private static byte[] encode(BlockFormat format, float[] x) {
    byte[] out = new byte[Math.toIntExact(format.bytes(x.length))];
    format.encode(x, 0, x.length, MemorySegment.ofArray(out), 0);
    return out;
  }

  private static void assertSameBlocks(GgmlType type, String what, byte[] ours, byte[] theirs) {
    int mismatch = Arrays.mismatch(ours, theirs);
    assertThat(mismatch)
        .as(
            "%s, %s: first byte that differs, in block %d",
            type, what, mismatch / type.blockBytes())
        .isEqualTo(-1);
  }
}
