package phiquant.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Encoders keep their vectors in registers whatever the JVM has seen before. Which class a vector
 * has, the compiler learns from profiles that all code shares; here it has none, which is the worst
 * that a process with several widths, or one that compiles early, can do to it.
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
    List<String> lines = measure(names);
    assertThat(lines).isNotEmpty();
    for (String line : lines) {
      String name = line.substring(0, line.indexOf('='));
      boolean searched = name.matches("gguf Q\\d_K|onnx int4 k_quant");
      assertThat(Double.parseDouble(line.substring(name.length() + 1)))
          .as(name)
          .isLessThan(searched ? SEARCHED : LITTLE);
    }
  }

  private static List<String> measure(String names) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector", "-Xmx512m"));
    command.addAll(List.of("-XX:TypeProfileWidth=0", "-XX:PerMethodTrapLimit=100000"));
    command.addAll(List.of("-XX:PerMethodRecompilationCutoff=100000", "-Xbatch"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(FormatGarbage.class.getName(), names));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return out.lines().toList();
  }
}
