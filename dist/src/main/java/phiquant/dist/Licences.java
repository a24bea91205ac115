package phiquant.dist;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The licences of what is packaged: what each jar brings of its own, else the text of the licence
 * that its Maven description names, else none, and then there is no package.
 *
 * @param jars from Maven's repository, each beside its description
 */
record Licences(List<Path> jars) {
  private static final Pattern OWN = Pattern.compile("META-INF/[^/]*(LICENSE|NOTICE)[^/]*");
  private static final Pattern NAMED =
      Pattern.compile("<license>.*?<name>(.*?)</name>", Pattern.DOTALL);
  private static final Pattern PARENT =
      Pattern.compile(
          "<parent>.*?<groupId>(.*?)</groupId>.*?<artifactId>(.*?)</artifactId>"
              + ".*?<version>(.*?)</version>.*?</parent>",
          Pattern.DOTALL);

  /** A Rust package's name and version, in the names of source files that messages of it carry. */
  private static final Pattern CRATE =
      Pattern.compile("registry/src/[^/\\s]+/([\\w.+-]+-\\d+\\.\\d+\\.\\d+)/");

  /**
   * Writes a file or more for each jar into a folder, and a list of what native code names.
   *
   * @throws IllegalStateException if a jar's licence is unknown
   */
  void collect(Path folder, Path libraries) throws IOException {
    Files.copy(Path.of("LICENSE"), folder.resolve("LICENSE"));
    for (Path jar : jars) {
      if (!jar.toString().contains("phiquant")) {
        write(jar, folder);
      }
    }
    crates(libraries, folder);
  }

  private void write(Path jar, Path folder) throws IOException {
    String name = jar.getFileName().toString().replaceFirst("\\.jar$", "");
    boolean found = false;
    try (JarFile open = new JarFile(jar.toFile())) {
      for (JarEntry entry : open.stream().filter(entry -> own(entry.getName())).toList()) {
        found |= entry.getName().contains("LICENSE");
        try (InputStream in = open.getInputStream(entry)) {
          String file = entry.getName().substring("META-INF/".length());
          Files.copy(in, folder.resolve(name + "-" + file));
        }
      }
    }
    if (!found) {
      Path pom = jar.resolveSibling(name + ".pom");
      Files.writeString(folder.resolve(name + "-LICENSE"), text(named(pom, jar), jar));
    }
  }

  private static boolean own(String entry) {
    return OWN.matcher(entry).matches();
  }

  /** The licences that a description names, or its parent's. */
  private static List<String> named(Path pom, Path jar) throws IOException {
    String text = Files.readString(pom);
    List<String> names = NAMED.matcher(text).results().map(found -> found.group(1)).toList();
    if (!names.isEmpty()) {
      return names;
    }
    Matcher parent = PARENT.matcher(text);
    if (!parent.find()) {
      throw new IllegalStateException("The licence of " + jar + " is not known");
    }
    return named(
        repository(jar)
            .resolve(parent.group(1).replace('.', '/'))
            .resolve(parent.group(2))
            .resolve(parent.group(3))
            .resolve(parent.group(2) + "-" + parent.group(3) + ".pom"),
        jar);
  }

  private static Path repository(Path jar) {
    Path folder = jar;
    while (!folder.endsWith("repository")) {
      folder = folder.getParent();
    }
    return folder;
  }

  /** Of several licences one may choose; MIT's and BSD's texts name their holders. */
  private String text(List<String> names, Path jar) throws IOException {
    if (names.stream().anyMatch(name -> name.contains("Apache"))) {
      return Files.readString(Path.of("LICENSE"));
    }
    String holder = jar.getFileName().toString().replaceFirst("-\\d.*", "");
    try (InputStream in = getClass().getResourceAsStream("licences/" + holder + ".txt")) {
      if (in == null) {
        throw new IllegalStateException(
            "%s has the licence %s, whose text is missing".formatted(jar, names));
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void crates(Path libraries, Path folder) throws IOException {
    TreeSet<String> crates = new TreeSet<>();
    try (Stream<Path> files = Files.list(libraries)) {
      for (Path file : files.toList()) {
        CRATE
            .matcher(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
            .results()
            .forEach(found -> crates.add(found.group(1)));
      }
    }
    Files.writeString(
        folder.resolve("tokenizers-native-crates.txt"),
        """
        Hugging Face's tokenizers library (Apache-2.0) is compiled from Rust, with these packages from
        crates.io, as far as the library names them; the licence of each is on its page there.

        """
            + String.join("\n", crates)
            + "\n");
  }
}
