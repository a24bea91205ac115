package phiquant.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The wheel as pip installs it, with nothing of Java within reach. Needs what {@code mvn -Pdist
 * package} has made, and runs with that profile: {@code mvn -Pdist verify}.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WheelIT {
  private static final long LARGEST = 160_000_000;

  @TempDir static Path folder;

  private static Path environment;
  private static Set<String> empty;

  @BeforeAll
  static void install() throws Exception {
    environment = folder.resolve("venv");
    run(folder, programs().resolve("python3").toString(), "-m", "venv", environment.toString());
    empty = files();
    run(folder, python(), "-m", "pip", "install", "-q", "--no-index", made(".whl").toString());
  }

  @Test
  @Order(Integer.MAX_VALUE)
  void demoRunsWithoutJavaAndUninstallingLeavesNothing() throws Exception {
    Path out = folder.resolve("demo");
    String said = run(folder, command(), "demo", "-o", out.toString());
    assertThat(said).contains("6, 7, 8, 9, 10");
    assertThat(out.resolve("report.html")).exists();
    assertThat(run(folder, python(), "-m", "phiquant", "version")).contains("kernels: vector");

    run(folder, python(), "-m", "pip", "uninstall", "-q", "-y", "phiquant");
    assertThat(files()).isEqualTo(empty);
  }

  /** What the JVM itself says of a cache: without the graph of modules it is half of one. */
  @Test
  void theCacheOfRunningIsTakenWithModulesAndLinkedClasses() throws Exception {
    Path runtime = runtime();
    Path cache = runtime.resolve("lib/phiquant/phiquant-run.aot");
    String said =
        run(
            folder,
            runtime.resolve("bin/java").toString(),
            "-XX:+UseSerialGC",
            "-XX:AOTCache=" + cache,
            "-Xlog:aot=info",
            "--enable-native-access=phiquant",
            "--add-opens=java.base/java.io=phiquant",
            "-m",
            "phiquant/phiquant.cli.Main",
            "version");
    assertThat(said)
        .contains("initial full module graph: enabled", "Using AOT-linked classes: true")
        .doesNotContain("incubator");
  }

  @Test
  void theDebianPackageIsTheSameFolder() throws Exception {
    Path deb = made(".deb");
    Path unpacked = folder.resolve("deb");
    run(folder, onPath("dpkg-deb").toString(), "--extract", deb.toString(), unpacked.toString());
    String command = unpacked.resolve("opt/phiquant/bin/phiquant").toString();
    assertThat(run(folder, command, "version")).contains("kernels: vector");
    assertThat(unpacked.resolve("opt/phiquant/legal/phiquant/LICENSE")).exists();
  }

  @Test
  void itIsSmallEnough() throws IOException {
    try (Stream<Path> all = Files.walk(environment)) {
      long size =
          all.filter(file -> file.toString().contains("phiquant"))
              .filter(Files::isRegularFile)
              .mapToLong(file -> file.toFile().length())
              .sum();
      assertThat(size).isBetween(50_000_000L, LARGEST);
    }
  }

  private static Path made(String ending) throws IOException {
    try (Stream<Path> made = Files.list(Path.of("dist/target"))) {
      return made.filter(file -> file.toString().endsWith(ending))
          .findFirst()
          .orElseThrow()
          .toAbsolutePath();
    }
  }

  /** The Java that the wheel has brought. */
  private static Path runtime() throws IOException {
    try (Stream<Path> all = Files.walk(environment)) {
      return all.filter(file -> file.endsWith("phiquant/runtime")).findFirst().orElseThrow();
    }
  }

  private static String python() {
    return environment.resolve("bin/python").toString();
  }

  private static String command() {
    return environment.resolve("bin/phiquant").toString();
  }

  /** All of the environment but compiled code of pip's own, which running pip makes. */
  private static Set<String> files() throws IOException {
    try (Stream<Path> all = Files.walk(environment)) {
      return all.map(Path::toString)
          .filter(file -> !file.contains("__pycache__") || file.contains("phiquant"))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private static String run(Path where, String... command) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(new ArrayList<>(List.of(command)))
            .directory(where.toFile())
            .redirectErrorStream(true);
    Map<String, String> variables = builder.environment();
    variables.remove("JAVA_HOME");
    variables.remove("PHIQUANT_JAVA");
    variables.put("PATH", programs().toString());
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  /** A folder with links to what a start needs, and no java among them. */
  private static Path programs() throws IOException {
    Path programs = folder.resolve("programs");
    if (!Files.exists(programs)) {
      Files.createDirectory(programs);
      for (String name : List.of("bash", "env", "grep", "sed", "readlink", "dirname", "tar")) {
        Files.createSymbolicLink(programs.resolve(name), onPath(name));
      }
      Files.createSymbolicLink(programs.resolve("python3"), interpreter());
    }
    return programs;
  }

  /** Python itself: what the path calls so may be a script that needs programs of its own. */
  private static Path interpreter() throws IOException {
    Process process =
        new ProcessBuilder("python3", "-c", "import sys; print(sys.executable)").start();
    return Path.of(new String(process.getInputStream().readAllBytes()).strip());
  }

  private static Path onPath(String name) {
    return Stream.of(System.getenv("PATH").split(":"))
        .map(entry -> Path.of(entry, name))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }
}
