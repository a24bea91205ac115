package phiquant.quant.affine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import phiquant.UserError;
import phiquant.quant.FloatType;
import phiquant.quant.affine.Groups.Encoded;

@org.junit.jupiter.api.Tag("width")
class GroupFormatTest {
  @ParameterizedTest
  @EnumSource
  void bytesEqualMlx(FloatType type) throws Exception {
    JsonNode golden = golden().path(type.name());
    float[] x = Groups.of(type);
    for (GroupFormat format : Groups.formats(type)) {
      JsonNode expected =
          golden.path("%s-%d-%d".formatted(format.mode(), format.bits(), format.groupSize()));
      Encoded encoded = Encoded.of(format, x);
      assertThat(hash(encoded.weight()))
          .as("%s weight", format)
          .isEqualTo(expected.path("weight").asText());
      assertThat(hash(encoded.scales()))
          .as("%s scales", format)
          .isEqualTo(expected.path("scales").asText());
      if (format.biasBytes() > 0) {
        assertThat(hash(encoded.biases()))
            .as("%s biases", format)
            .isEqualTo(expected.path("biases").asText());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void vectorFormEqualsScalarForm(FloatType type) {
    float[] x = Groups.of(type);
    for (GroupFormat scalar : Groups.formats(type)) {
      Encoded expected = Encoded.of(scalar, x);
      Encoded encoded = Encoded.of(GroupFormats.vector(scalar), x);
      assertThat(encoded.weight()).as("%s weight", scalar).isEqualTo(expected.weight());
      assertThat(encoded.scales()).as("%s scales", scalar).isEqualTo(expected.scales());
      assertThat(encoded.biases()).as("%s biases", scalar).isEqualTo(expected.biases());
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsNotFiniteIsAsInTheScalarForm(FloatType type) {
    float[] x = Arrays.copyOf(Groups.of(type), 128 * 128);
    float[] strange = {Float.NaN, -Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
    for (int i = 0; i < 100; i++) {
      x[i * 163] = strange[i % 4];
    }
    for (GroupFormat scalar : Groups.formats(type)) {
      Encoded expected = Encoded.of(scalar, x);
      Encoded encoded = Encoded.of(GroupFormats.vector(scalar), x);
      // Only codes: which of many NaNs a scale becomes, processors do not promise.
      assertThat(encoded.weight()).as("%s weight", scalar).isEqualTo(expected.weight());
    }
  }

  @Test
  void sizesAreThoseOfTheModelCards() {
    assertThat(GroupFormats.affine(4, 64, FloatType.BFLOAT16).bitsPerWeight()).isEqualTo(4.5);
    assertThat(GroupFormats.affine(3, 32, FloatType.FLOAT32).bitsPerWeight()).isEqualTo(5);
    assertThat(MicroscaledFormat.mxfp4(FloatType.BFLOAT16).bitsPerWeight()).isEqualTo(4.25);
    assertThat(MicroscaledFormat.nvfp4(FloatType.BFLOAT16).bitsPerWeight()).isEqualTo(4.5);
    assertThat(MicroscaledFormat.mxfp8(FloatType.BFLOAT16).bitsPerWeight()).isEqualTo(8.25);
  }

  @Test
  void whatMlxLacksIsAUsageErrorThatListsWhatThereIs() {
    assertUsage("affine", 7, 64, "2, 3, 4, 5, 6, 8");
    assertUsage("affine", 4, 48, "32, 64, 128");
    assertUsage("mxfp6", 6, 32, "affine, mxfp4, nvfp4, mxfp8");
    assertUsage("nvfp4", 4, 32, "groups of 16");
  }

  private static void assertUsage(String mode, int bits, int groupSize, String fact) {
    assertThatThrownBy(() -> GroupFormats.of(mode, bits, groupSize, FloatType.BFLOAT16))
        .isInstanceOf(UserError.class)
        .matches(error -> ((UserError) error).isUsage())
        .hasMessageContaining(fact);
  }

  private static JsonNode golden() throws IOException {
    try (GZIPInputStream in =
        new GZIPInputStream(
            GroupFormatTest.class.getResourceAsStream("/reference/mlx-blocks.json.gz"))) {
      return new ObjectMapper().readTree(in);
    }
  }

  private static String hash(byte[] bytes) throws NoSuchAlgorithmException {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }
}
