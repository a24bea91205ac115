package phiquant;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

/**
 * Somebody's own Maven project depends on the library as it would be published, from a repository
 * where it lies with its sources and its documentation, and does what the README shows. What is
 * missing in the artifact, or depends on this build, shows there first.
 */
class ConsumerIT {
  private static final Pattern SHOWN = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Path TARGET = Path.of("core", "target");

  @TempDir Path folder;

  @Test
  void aProjectThatDependsOnTheArtifactDoesWhatTheReadmeShows() throws Exception {
    Path project = project();
    Path model = project.resolve("Phi-4-mini-instruct");
    Files.createSymbolicLink(model, Fixtures.smolPhi135m());

    String said = build(project, repository());

    assertThat(said).contains("Phi-4-mini-instruct-Q4_K_M.gguf").contains("perplexity");
    Path own = folder.resolve("own");
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      Path here = Quantize.of(checkpoint).to("gguf:Q4_K_M").into(own).getFirst();
      assertThat(project.resolve("out").resolve(here.getFileName())).hasSameBinaryContentAs(here);
    }
    List<String> needed =
        Stream.of(Files.readString(project.resolve("classpath.txt")).split(":"))
            .map(entry -> Path.of(entry).getFileName().toString())
            .toList();
    assertThat(needed)
        .contains("phiquant-core-%s.jar".formatted(Version.NUMBER))
        .as("nobody is given a framework for logs, a server or a command line")
        .noneMatch(jar -> jar.matches("(slf4j|log|commons-logging|jetty|picocli|junit-4).*"));
  }

  /** What links lead to is not the test's to clear away. */
  @AfterEach
  void unlink() throws IOException {
    try (Stream<Path> all = Files.walk(folder, 2)) {
      for (Path link : all.filter(Files::isSymbolicLink).toList()) {
        Files.delete(link);
      }
    }
  }

  @Test
  void sourcesAndDocumentationLieBesideTheLibrary() throws IOException {
    assertThat(entries("-sources.jar")).contains("phiquant/Quantize.java");
    assertThat(entries("-javadoc.jar")).contains("phiquant/Quantize.html", "index.html");
  }

  private static List<String> entries(String ending) throws IOException {
    try (JarFile jar = new JarFile(made(ending).toFile())) {
      return jar.stream().map(ZipEntry::getName).toList();
    }
  }

  private static Path made(String ending) {
    Path jar = TARGET.resolve("phiquant-core-" + Version.NUMBER + ending);
    assertThat(jar).as("what the phase package makes").exists();
    return jar;
  }

  private Path project() throws IOException {
    Path project = Files.createDirectory(folder.resolve("consumer"));
    Files.writeString(project.resolve("pom.xml"), resource("pom.xml"));
    Matcher shown = SHOWN.matcher(Files.readString(Path.of("README.md")));
    assertThat(shown.find()).isTrue();
    Path source = project.resolve("src/test/java/ShownTest.java");
    Files.createDirectories(source.getParent());
    Files.writeString(source, resource("ShownTest.java.txt").formatted(shown.group(1)));
    return project;
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ConsumerIT.class.getResourceAsStream("consumer/" + name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** All that this build has downloaded, by links, and phiquant as if it had been installed. */
  private Path repository() throws IOException {
    Path repository = Files.createDirectory(folder.resolve("repository"));
    try (DirectoryStream<Path> groups = Files.newDirectoryStream(downloaded())) {
      for (Path group : groups) {
        if (!group.endsWith("phiquant")) {
          Files.createSymbolicLink(repository.resolve(group.getFileName()), group);
        }
      }
    }
    install(repository, "phiquant-parent", Path.of("pom.xml"), ".pom");
    install(repository, "phiquant-core", Path.of("core/pom.xml"), ".pom");
    for (String ending : List.of(".jar", "-sources.jar", "-javadoc.jar")) {
      install(repository, "phiquant-core", made(ending), ending);
    }
    return repository;
  }

  private static void install(Path repository, String artifact, Path file, String ending)
      throws IOException {
    Path place = repository.resolve("phiquant").resolve(artifact).resolve(Version.NUMBER);
    Files.createDirectories(place);
    Files.copy(file, place.resolve(artifact + "-" + Version.NUMBER + ending));
  }

  /** Maven's local repository, from where a library on this class path lies in it. */
  private static Path downloaded() {
    Path jar = jar("junit-jupiter-api");
    for (int i = 0; i < "org/junit/jupiter/junit-jupiter-api/VERSION/JAR".split("/").length; i++) {
      jar = jar.getParent();
    }
    return jar;
  }

  private static Path jar(String artifact) {
    return Stream.of(System.getProperty("java.class.path").split(":"))
        .filter(entry -> entry.contains("/" + artifact + "/"))
        .map(Path::of)
        .findFirst()
        .orElseThrow();
  }

  private String build(Path project, Path repository) throws Exception {
    String pom = Files.readString(Path.of("pom.xml"));
    ProcessBuilder maven =
        new ProcessBuilder(
                "mvn",
                "-o",
                "-B",
                "-ntp",
                "-Dmaven.repo.local=" + repository,
                "-Dphiquant.version=" + Version.NUMBER,
                "-Djunit.version=" + version(pom, "<junit.version>"),
                "-Dcompiler.version=" + plugin(pom, "compiler"),
                "-Dsurefire.version=" + plugin(pom, "surefire"),
                "test")
            .directory(project.toFile())
            .redirectErrorStream(true);
    maven.environment().put("JAVA_HOME", System.getProperty("java.home"));
    Process process = maven.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private static String plugin(String pom, String name) {
    return version(pom, "<artifactId>maven-" + name + "-plugin</artifactId>\\s*<version>");
  }

  private static String version(String pom, String before) {
    Matcher version = Pattern.compile(before + "([^<]+)").matcher(pom);
    assertThat(version.find()).isTrue();
    return version.group(1);
  }
}
