package phiquant.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Encoders keep their vectors in registers whatever the JVM has seen before: here it has seen
 * nothing ({@link ProfilelessJvm}).
 */
class FormatGarbageTest {
  /** Bytes per weight: a sixth of what a vector of sixteen floats costs as an object. */
  private static final double LITTLE = 5;

  /** Searches have arrays of their own; with objects they had 57 to 1953. */
  private static final double SEARCHED = 25;

  @Test
  void ofEachEnginesFormatsOneNeedsNoProfile() throws Exception {
    check("finite|mlx affine 4|onnx int4|openvino i4|gguf (Q8_0|Q4_K)");
  }

  @Test
  @Tag("slow") // Forty formats, each compiled anew: half a minute.
  void noFormatNeedsProfiles() throws Exception {
    check(".*");
  }

  private static void check(String names) throws IOException, InterruptedException {
    List<String> lines = ProfilelessJvm.run(FormatGarbage.class, names);
    assertThat(lines).isNotEmpty();
    for (String line : lines) {
      String name = line.substring(0, line.indexOf('='));
      boolean searched = name.matches("gguf (Q\\d_K|IQ\\d_.*)|onnx int4 k_quant");
      assertThat(Double.parseDouble(line.substring(name.length() + 1)))
          .as(name)
          .isLessThan(searched ? SEARCHED : LITTLE);
    }
  }
}
