package phiquant.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.UserError;

/** What is published appears whole, takes nothing from anybody, and leaves nothing behind. */
class PublicationTest {
  @TempDir Path folder;

  @Test
  void aFileAppearsWhenItIsPublishedAndNothingElseIsLeft() throws IOException {
    Path file = folder.resolve("made/for it/report.html");
    try (Publication publication = Publication.begin(file, false)) {
      Files.writeString(publication.path(), "half");
      assertThat(file).doesNotExist();
      publication.publish();
    }
    assertThat(file).hasContent("half");
    assertThat(names(file.getParent())).containsExactly("report.html");
  }

  @Test
  void whatIsNotPublishedLeavesNothingNotEvenFolders() throws IOException {
    try (Publication publication = Publication.begin(folder.resolve("a/b/c"), false)) {
      fill(publication.path(), "new");
    }
    assertThat(names(folder)).isEmpty();
  }

  @Test
  void whatAppearsMeanwhileStays() throws IOException {
    for (boolean asFolder : new boolean[] {false, true}) {
      for (boolean otherIsFolder : new boolean[] {false, true}) {
        Path place = folder.resolve("m-" + asFolder + otherIsFolder);
        try (Publication publication = Publication.begin(place, false)) {
          make(publication.path(), asFolder, "new");
          make(place, otherIsFolder, "precious");
          assertThatThrownBy(publication::publish)
              .isInstanceOf(UserError.class)
              .hasMessageContaining("exists already");
        }
        assertThat(otherIsFolder ? place.resolve("file") : place).hasContent("precious");
        PartialFolder.delete(place);
      }
    }
    assertThat(names(folder)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anythingIsReplacedByAnythingWithAndWithoutAnExchange(boolean exchange) throws IOException {
    for (boolean asFolder : new boolean[] {false, true}) {
      for (boolean oldIsFolder : new boolean[] {false, true}) {
        Path place = folder.resolve("m");
        make(place, oldIsFolder, "old");
        try (Publication publication =
            Publication.begin(place, true, (a, b) -> exchange && AtomicSwap.swap(a, b))) {
          make(publication.path(), asFolder, "new");
          publication.publish();
        }
        assertThat(asFolder ? place.resolve("file") : place).hasContent("new");
        assertThat(names(folder)).containsExactly("m");
        PartialFolder.delete(place);
      }
    }
  }

  /** The manual page of renameat2: "the files must both exist but may be of different types". */
  @Test
  @EnabledOnOs(OS.LINUX)
  void linuxExchangesFoldersInOneStep() throws IOException {
    Path a = folder.resolve("ä b");
    Path b = folder.resolve("b");
    fill(a, "a");
    make(b, false, "b");
    assertThat(AtomicSwap.swap(a, b)).isTrue();
    assertThat(a).hasContent("b");
    assertThat(b.resolve("file")).hasContent("a");
    assertThat(AtomicSwap.swap(a, folder.resolve("absent"))).isFalse();
    assertThat(a).hasContent("b");
  }

  @Test
  void ofManyAtOnceOneWinsAndTheOthersSaySo() throws Exception {
    Path file = folder.resolve("m");
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Callable<String>> writers =
          IntStream.range(0, 200).<Callable<String>>mapToObj(i -> () -> write(file, i)).toList();
      List<String> ends = threads.invokeAll(writers).stream().map(PublicationTest::get).toList();
      assertThat(ends).filteredOn("won"::equals).hasSize(1);
      assertThat(ends)
          .filteredOn(end -> !end.equals("won"))
          .allMatch(end -> end.contains("exists already") || end.contains("by another run"));
    }
    assertThat(names(folder)).containsExactly("m");
  }

  private static String write(Path file, int number) {
    try {
      Publication.write(file, "text " + number, false);
      return "won";
    } catch (UserError e) {
      return e.getMessage();
    }
  }

  @Test
  void whatADeadRunLeftIsRemovedAndNamed() throws IOException {
    Path work = Files.createDirectory(folder.resolve(".m.partial"));
    Files.writeString(work.resolve("lock"), "");
    fill(work.resolve("new"), "half");
    try (Publication publication = Publication.begin(folder.resolve("m"), false)) {
      assertThat(publication.notices()).singleElement().asString().contains("killed");
      assertThat(publication.path()).doesNotExist();
    }
    assertThat(names(folder)).isEmpty();
  }

  @Test
  void whatADeadRunWasReplacingIsBackAndNamed() throws IOException {
    Path work = Files.createDirectory(folder.resolve(".m.partial"));
    fill(work.resolve("new"), "new");
    fill(work.resolve("old"), "old");
    assertThatThrownBy(() -> Publication.begin(folder.resolve("m"), false))
        .hasMessageContaining("exists already");
    assertThat(folder.resolve("m/file")).hasContent("old");
    assertThat(names(folder)).containsExactly("m");
  }

  @Test
  void whatADeadRunPublishedIsKeptAndItsRestIsRemoved() throws IOException {
    make(folder.resolve("m"), false, "new");
    Path work = Files.createDirectory(folder.resolve(".m.partial"));
    Files.createLink(work.resolve("new"), folder.resolve("m"));
    assertThatThrownBy(() -> Publication.begin(folder.resolve("m"), false))
        .hasMessageContaining("exists already");
    assertThat(folder.resolve("m")).hasContent("new");
    assertThat(names(folder)).containsExactly("m");
  }

  @Test
  void aLinkIsReplacedAndNotWhatItPointsTo() throws IOException {
    Path elsewhere = folder.resolve("elsewhere");
    fill(elsewhere, "precious");
    Files.createSymbolicLink(folder.resolve("m"), elsewhere);
    assertThatThrownBy(() -> Publication.begin(folder.resolve("m"), false))
        .hasMessageContaining("exists already");
    try (Publication publication = Publication.begin(folder.resolve("m"), true)) {
      fill(publication.path(), "new");
      publication.publish();
    }
    assertThat(folder.resolve("m/file")).hasContent("new");
    assertThat(elsewhere.resolve("file")).hasContent("precious");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aDeviceIsWrittenInto() {
    Publication.check(Path.of("/dev/null"), false);
    Publication.write(Path.of("/dev/null"), "text", false);
    assertThat(Path.of("/dev/.null.partial")).doesNotExist();
  }

  private static void make(Path path, boolean asFolder, String text) throws IOException {
    if (asFolder) {
      fill(path, text);
    } else {
      Files.writeString(path, text);
    }
  }

  private static void fill(Path path, String text) throws IOException {
    Files.createDirectory(path);
    Files.writeString(path.resolve("file"), text);
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static String get(Future<String> future) {
    try {
      return future.get();
    } catch (Exception e) {
      return e.toString();
    }
  }
}
