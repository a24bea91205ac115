package phiquant.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A JVM whose compiler has no profiles. Which class a vector has, it learns from profiles that all
 * code shares; to have none is the worst that a process with several widths, or one that compiles
 * early, can do to it.
 */
public final class ProfilelessJvm {
  private ProfilelessJvm() {}

  /** Runs a class of the test sources, which must end well; gives the lines that it prints. */
  public static List<String> run(Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules", "jdk.incubator.vector", "-Xmx512m"));
    command.addAll(List.of("-XX:TypeProfileWidth=0", "-XX:PerMethodTrapLimit=100000"));
    command.addAll(List.of("-XX:PerMethodRecompilationCutoff=100000", "-Xbatch"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return out.lines().toList();
  }
}
