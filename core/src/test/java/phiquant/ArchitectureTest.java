package phiquant;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The way through the code is that of CONTRIBUTING.md, as the imports of all sources have it. */
class ArchitectureTest {
  /** Each room may know those before it. Classes beside the rooms stand under their own names. */
  private static final List<String> ORDER =
      List.of(
          ("UserError InputFile CacheFolder Background Version publish quant feedback checkpoint hub"
                  + " jinja picture tokenizer model recipe study run engine importance pipeline npu Quantize demo"
                  + " advise"
                  + " eval report serve cli")
              .split(" "));

  /** What an engine's room may know of the others: MLX's files are safetensors. */
  private static final Set<String> BETWEEN_ENGINES = Set.of("mlx safetensors");

  /** The room of what engines share, which knows none of them. */
  private static final String SHARED = "plan";

  private static final Pattern IMPORT =
      Pattern.compile("^import (?:static )?phiquant\\.([\\w.]+);", Pattern.MULTILINE);

  /** A source file: its room and those that it imports, as {@code engine.gguf.GgufNames}. */
  private record Source(Path file, String name, Set<String> imports) {
    static Source of(Path root, Path file) {
      String path = root.relativize(file).toString().replace('\\', '.').replace('/', '.');
      try {
        Set<String> imports =
            IMPORT
                .matcher(Files.readString(file))
                .results()
                .map(found -> found.group(1))
                .collect(Collectors.toCollection(LinkedHashSet::new));
        return new Source(file, path.replaceFirst("\\.java$", ""), imports);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static List<Source> sources() throws IOException {
    List<Source> sources = new ArrayList<>();
    for (String module : List.of("core", "program")) {
      Path root = Path.of(module, "src/main/java/phiquant");
      try (Stream<Path> files = Files.walk(root)) {
        files
            .filter(file -> file.toString().endsWith(".java"))
            .forEach(file -> sources.add(Source.of(root, file)));
      }
    }
    assertThat(sources).hasSizeGreaterThan(400);
    return sources;
  }

  private static String room(String name) {
    return name.split("\\.")[0];
  }

  @Test
  void aRoomKnowsOnlyThoseBeforeIt() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Source source : sources()) {
      String own = room(source.name());
      for (String imported : source.imports()) {
        String other = room(imported);
        boolean known = ORDER.contains(own) && ORDER.contains(other);
        if (!known || ORDER.indexOf(own) < ORDER.indexOf(other)) {
          wrong.add(source.file() + " imports " + imported);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  @Test
  void enginesDoNotKnowEachOther() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Source source : sources()) {
      for (String imported : source.imports()) {
        String own = engine(source.name());
        String other = engine(imported);
        if (!own.isEmpty()
            && !other.isEmpty()
            && !own.equals(other)
            && !other.equals(SHARED)
            && !BETWEEN_ENGINES.contains(own + " " + other)) {
          wrong.add(source.file() + " imports " + imported);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  /** To lay out a model needs nothing that computes one; what must be found out, plans ask for. */
  @Test
  void enginesRunNothing() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Source source : sources()) {
      for (String imported : source.imports()) {
        if (room(source.name()).equals("engine") && room(imported).equals("run")) {
          wrong.add(source.file() + " imports " + imported);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  /**
   * {@code Engine} and {@code Checkpoints} are on top; what engines share is in the plan's room.
   */
  @Test
  void noEngineKnowsTheListOfEngines() throws IOException {
    List<String> wrong = new ArrayList<>();
    for (Source source : sources()) {
      for (String imported : source.imports()) {
        boolean onTop = imported.matches("engine\\.[A-Z].*");
        if (!engine(source.name()).isEmpty() && onTop) {
          wrong.add(source.file() + " imports " + imported);
        }
      }
    }
    assertThat(wrong).isEmpty();
  }

  /** The engine whose room a class is in, or nothing. */
  private static String engine(String name) {
    String[] parts = name.split("\\.");
    boolean inside = parts[0].equals("engine") && Character.isLowerCase(parts[1].charAt(0));
    return inside ? parts[1] : "";
  }

  /** A package and those within it are one room to this; what lies side by side is not. */
  @Test
  void thereIsNoCircleAmongPackages() throws IOException {
    Map<String, Set<String>> known = new TreeMap<>();
    for (Source source : sources()) {
      String own = parent(source.name());
      for (String imported : source.imports()) {
        String other = parent(imported);
        if (!isWithin(own, other) && !isWithin(other, own)) {
          known.computeIfAbsent(own, name -> new TreeSet<>()).add(other);
        }
      }
    }
    for (String start : known.keySet()) {
      assertThat(reached(start, known)).as(start).doesNotContain(start);
    }
  }

  private static Set<String> reached(String start, Map<String, Set<String>> known) {
    Set<String> reached = new TreeSet<>();
    List<String> open = new ArrayList<>(List.of(start));
    while (!open.isEmpty()) {
      for (String next : known.getOrDefault(open.removeLast(), Set.of())) {
        if (reached.add(next)) {
          open.add(next);
        }
      }
    }
    return reached;
  }

  private static String parent(String name) {
    return name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : "";
  }

  private static boolean isWithin(String inner, String outer) {
    return (inner + ".").startsWith(outer.isEmpty() ? "" : outer + ".");
  }

  /** A name that is used twice leads half of its readers to the wrong file. */
  @Test
  void noSimpleNameIsTakenTwice() throws IOException {
    Map<String, Set<Path>> files = new TreeMap<>();
    for (Source source : sources()) {
      String simple = source.name().substring(source.name().lastIndexOf('.') + 1);
      if (!simple.equals("package-info")) {
        files.computeIfAbsent(simple, name -> new TreeSet<>()).add(source.file());
      }
    }
    files.values().removeIf(same -> same.size() == 1);
    assertThat(files).isEmpty();
  }

  @Test
  void everyPackageSaysWhatIsInIt() throws IOException {
    Set<Path> silent = new TreeSet<>();
    for (Source source : sources()) {
      Path info = source.file().resolveSibling("package-info.java");
      if (!Files.exists(info) || !Files.readString(info).startsWith("/**")) {
        silent.add(info);
      }
    }
    assertThat(silent).isEmpty();
  }
}
