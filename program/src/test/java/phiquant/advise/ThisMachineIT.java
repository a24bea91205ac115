package phiquant.advise;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import phiquant.fixtures.Fixtures;

/** What is measured of this machine by the command, which is started with other JVM options. */
class ThisMachineIT {
  private static final Pattern BANDWIDTH = Pattern.compile("([0-9.]+) GB/s \\(as measured\\)");

  @Test
  void theCommandMeasuresTheMemoryAndNotTheCompiler() throws Exception {
    String model = Fixtures.tinyPhi4().toString();
    Process advise = new ProcessBuilder("./phiquant", "advise", model, "--device", "this").start();
    String said = new String(advise.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher measured = BANDWIDTH.matcher(said);
    assertThat(measured.find()).as(said).isTrue();
    double here = Bandwidth.measure(Runtime.getRuntime().availableProcessors(), 1L << 28);
    // Others may be using the memory meanwhile; unoptimized code is slower by ten times.
    assertThat(Double.parseDouble(measured.group(1))).isGreaterThan(here / 4);
  }
}
