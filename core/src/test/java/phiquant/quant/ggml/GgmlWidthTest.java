package phiquant.quant.ggml;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.quant.BlockFormat;
import phiquant.quant.ggml.formats.GgmlFormats;

/** The vector forms give the scalar forms' bytes; run at 128, 256 and 512 bit (see the pom). */
@Tag("width")
class GgmlWidthTest {
  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void vectorBytesEqualScalarBytes(GgmlType type) {
    for (Weights weights : Weights.values()) {
      // Every number of blocks up to more than a batch, so that all tails occur.
      for (int blocks : new int[] {1, 2, 3, 5, 8, 13, 17, 40, 65}) {
        float[] x = weights.of(7 + 256 * blocks, blocks);
        byte[] scalar = encode(GgmlFormats.scalar(type), x, 256 * blocks);
        byte[] vector = encode(GgmlFormats.vector(type), x, 256 * blocks);
        assertThat(Arrays.mismatch(vector, scalar)).as("%s, %d", weights, blocks).isEqualTo(-1);
      }
    }
  }

  /** The same with importances, rows of one block and of three. */
  @ParameterizedTest
  @EnumSource(GgmlType.class)
  void weightedVectorBytesEqualScalarBytes(GgmlType type) {
    SplittableRandom random = new SplittableRandom(3);
    for (Weights weights : Weights.values()) {
      for (int columns : new int[] {256, 768}) {
        float[] importance = new float[columns];
        for (int i = 0; i < columns; i++) {
          importance[i] = random.nextInt(20) == 0 ? 0 : (float) Math.exp(random.nextGaussian());
        }
        float[] x = weights.of(7 + 3 * columns, columns);
        BlockFormat scalar = GgmlFormats.scalar(type).weighted(importance);
        BlockFormat vector = GgmlFormats.vector(type).weighted(importance);
        assertThat(Arrays.mismatch(encode(vector, x, 3 * columns), encode(scalar, x, 3 * columns)))
            .as("%s, %d", weights, columns)
            .isEqualTo(-1);
      }
    }
  }

  private static byte[] encode(BlockFormat format, float[] x, int count) {
    byte[] out = new byte[Math.toIntExact(format.bytes(count)) + 3];
    format.encode(x, 7, count, MemorySegment.ofArray(out), 3);
    return out;
  }
}
