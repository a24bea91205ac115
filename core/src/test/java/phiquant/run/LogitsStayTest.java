package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;

/**
 * Whoever rewrites the network changes no logit: in the scalar form they are the same to the bit as
 * those of the build in which each engine had a network of its own.
 */
class LogitsStayTest {
  @Test
  void scalarLogitsAreTheSameToTheBit(@TempDir Path out) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(LogitsHash.class.getName());
    for (String kind : List.of("phi-3.5-mini", "phi-4", "phi-4-mini")) {
      command.add(Fixtures.tiny(kind).toString());
      try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tiny(kind))) {
        command.add(Quantize.of(checkpoint).to("gguf:Q4_K_M").into(out).get(0).toString());
      }
    }
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    assertThat(printed.lines()).containsExactlyElementsOf(Golden.lines("logits-hashes.txt"));
  }
}
