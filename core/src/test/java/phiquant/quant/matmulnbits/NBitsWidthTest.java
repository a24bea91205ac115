package phiquant.quant.matmulnbits;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The vector forms give the scalar forms' bytes; run at 128, 256 and 512 bit (see the pom). */
@Tag("width")
class NBitsWidthTest {
  @ParameterizedTest
  @EnumSource
  void vectorBytesEqualScalarBytes(Algorithm algorithm) {
    for (NBitsFormat format : Weights.formats(algorithm)) {
      // Numbers of blocks around those of a vector's lanes and of a chunk, and rows to fill up.
      for (int columns : new int[] {16, 48, 130, 768, 1056}) {
        float[] x = Weights.of(format.type(), 7 * columns);
        Encoded scalar = Encoded.of(format, Blocks.scalar(algorithm), x, 7, columns);
        Encoded vector = Encoded.of(format, Blocks.vector(algorithm), x, 7, columns);
        assertThat(vector.scales()).as("%s, %d", format, columns).isEqualTo(scalar.scales());
        assertThat(vector.zeroPoints()).isEqualTo(scalar.zeroPoints());
        assertThat(vector.codes()).as("%s, %d", format, columns).isEqualTo(scalar.codes());
      }
    }
  }
}
