package phiquant.publish;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A run that dies before any of its steps leaves the old, the new or nothing, and the next run
 * leaves nothing else.
 */
class KilledStepsIT {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"absent, folder, exchange", "folder, folder, renames"})
  void beforeEveryStep(String before, String kind, String way) throws Exception {
    killed(before, kind, way);
  }

  @ParameterizedTest
  @CsvSource({"absent, file, exchange", "file, file, exchange", "folder, folder, exchange"})
  @Tag("slow")
  void beforeEveryStepOfOtherKinds(String before, String kind, String way) throws Exception {
    killed(before, kind, way);
  }

  private void killed(String before, String kind, String way) throws Exception {
    Path place = folder.resolve("m");
    int step = 0;
    int code;
    do {
      PartialFolder.delete(place);
      make(before, place, "old");
      code = run(step, place, kind, way);
      assertThat(code).isIn(0, 137);
      String left = content(place);
      // Two renames have a moment between them; then the next run brings it back.
      if (!(way.equals("renames") && left.equals("absent"))) {
        assertThat(left)
            .as("killed before step %d", step)
            .isIn(before.equals("absent") ? "absent" : "old", "new");
      }
      boolean was = !left.equals("absent") || before.equals("folder");
      try (Publication next = Publication.begin(place, true)) {
        assertThat(Files.exists(place)).as("before the next run, step %d", step).isEqualTo(was);
        assertThat(content(place)).isIn("absent", "old", "new");
        make(kind, next.path(), "newer");
        next.publish();
      }
      assertThat(content(place)).isEqualTo("newer");
      assertThat(names(folder)).containsExactly("m");
      step++;
    } while (code != 0);
    assertThat(step).as("how many steps there were").isGreaterThan(10);
  }

  private static int run(int step, Path place, String kind, String way) throws Exception {
    Path java = Path.of(System.getProperty("java.home"), "bin", "java");
    String classes = System.getProperty("java.class.path");
    return new ProcessBuilder(
            List.of(
                java.toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("surefire.test.class.path", classes),
                Steps.class.getName(),
                Integer.toString(step),
                place.toString(),
                kind,
                way))
        .inheritIO()
        .start()
        .waitFor();
  }

  private static void make(String kind, Path place, String text) throws IOException {
    if (kind.equals("file")) {
      Files.writeString(place, text);
    } else if (kind.equals("folder")) {
      Files.createDirectory(place);
      Files.writeString(place.resolve("a"), text);
      Files.writeString(place.resolve("b"), text);
    }
  }

  private static String content(Path place) throws IOException {
    if (!Files.exists(place)) {
      return "absent";
    }
    if (!Files.isDirectory(place)) {
      return Files.readString(place);
    }
    assertThat(names(place)).containsExactly("a", "b");
    assertThat(place.resolve("a")).hasSameTextualContentAs(place.resolve("b"));
    return Files.readString(place.resolve("a"));
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
