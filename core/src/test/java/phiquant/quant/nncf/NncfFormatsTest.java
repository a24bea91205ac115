package phiquant.quant.nncf;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import phiquant.fixtures.Golden;

/** The formats against NNCF's own results, and the vector forms against the scalar ones. */
@Tag("width")
class NncfFormatsTest {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** Codes, scales and zero points of all formats at all group sizes. */
  @Test
  void groupsEqualNncfs() {
    float[] x = NncfWeights.ordinary();
    JsonNode golden = Golden.json("nncf-groups").path("formats");
    assertThat(golden.size()).isEqualTo(21);
    for (Map.Entry<String, JsonNode> entry : golden.properties()) {
      String name = entry.getKey().replaceAll(" -?\\d+$", "");
      int group = Integer.parseInt(entry.getKey().replaceAll(".* ", ""));
      CompressionFormat format =
          CompressionFormats.fastest(
              Encoded.formats().stream().filter(f -> f.name().equals(name)).findFirst().get());
      Encoded encoded = Encoded.of(format, x, group < 0 ? NncfWeights.COLUMNS : group);
      JsonNode theirs = entry.getValue();
      assertThat(Golden.sha256(encoded.bits(format.bits())))
          .as("%s codes", entry.getKey())
          .isEqualTo(theirs.path("codes").asText());
      assertThat(Golden.sha256(scales(encoded)))
          .as("%s scales", entry.getKey())
          .isEqualTo(theirs.path("scales").asText());
      if (format.hasZeroPoint()) {
        assertThat(Golden.sha256(encoded.zeroPoints()))
            .as("%s zero points", entry.getKey())
            .isEqualTo(theirs.path("zeros").asText());
      }
    }
  }

  /** At all lengths up to several vectors, so that every tail occurs. */
  @ParameterizedTest
  @MethodSource("phiquant.quant.nncf.Encoded#formats")
  void vectorCodesEqualScalarCodes(CompressionFormat scalar) {
    CompressionFormat vector = CompressionFormats.vector(scalar);
    for (float[] x : new float[][] {NncfWeights.ordinary(), NncfWeights.hard()}) {
      for (int group : new int[] {1, 7, 16, 17, 31, 32, 33, 64, 100, 128, 256, 1021}) {
        Encoded expected = Encoded.of(scalar, x, group);
        Encoded encoded = Encoded.of(vector, x, group);
        assertThat(encoded.codes()).as("%s, %s", scalar, group).isEqualTo(expected.codes());
        assertThat(encoded.grids()).as("%s, %s", scalar, group).isEqualTo(expected.grids());
      }
    }
  }

  @Test
  void vectorErrorsEqualScalarErrors() {
    float[] x = NncfWeights.ordinary();
    for (int count : new int[] {1, 15, 16, 17, 100, 256, 1000}) {
      for (int from = 0; from + count <= x.length; from += count) {
        assertThat(Int8Error.Wide.error(x, from, count))
            .isEqualTo(Int8Error.scalar(x, from, count));
      }
    }
  }

  @Test
  void twoCodesLieInAByteTheFirstBelow() {
    byte[] codes = new byte[99];
    new Random(1).nextBytes(codes);
    byte[] packed = new byte[51];
    FourBitCodes.pack(codes, 99, MemorySegment.ofArray(packed), 1);
    byte[] back = new byte[99];
    FourBitCodes.unpack(MemorySegment.ofArray(packed), 2, back, 0, 99);
    for (int i = 0; i < 99; i++) {
      assertThat(packed[1 + i / 2] >> 4 * (i % 2) & 15).isEqualTo(codes[i] & 15);
      assertThat(back[i]).isEqualTo((byte) (codes[i] & 15));
    }
    assertThat(packed[50] >> 4).as("the half that nothing fills").isZero();
  }

  private static byte[] scales(Encoded encoded) {
    MemorySegment scales = MemorySegment.ofArray(new byte[4 * encoded.grids().size()]);
    for (int i = 0; i < encoded.grids().size(); i++) {
      scales.set(FLOAT, 4L * i, encoded.grids().get(i).scale());
    }
    return scales.toArray(ValueLayout.JAVA_BYTE);
  }
}
