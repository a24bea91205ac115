package phiquant.dist;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The oldest version of the GNU C library that native code runs with: the newest whose name stands
 * among the symbol versions of a shared library. A wheel's tag promises it, so it is read from the
 * files, not believed.
 */
record GlibcVersion(int major, int minor) implements Comparable<GlibcVersion> {
  /** What pip's own oldest living systems have; nothing is gained by promising less. */
  static final GlibcVersion OLDEST = new GlibcVersion(2, 28);

  private static final Pattern NAME = Pattern.compile("\0GLIBC_(\\d+)\\.(\\d+)(?=[.\0])");

  /** What all shared libraries in a folder and below it need. */
  static GlibcVersion neededBelow(Path folder) throws IOException {
    List<Path> libraries;
    try (Stream<Path> files = Files.walk(folder)) {
      libraries = files.filter(file -> file.toString().endsWith(".so")).toList();
    }
    GlibcVersion needed = OLDEST;
    for (Path library : libraries) {
      needed = max(needed, neededBy(Files.readAllBytes(library)));
    }
    return needed;
  }

  /** What a shared library's bytes name. */
  static GlibcVersion neededBy(byte[] library) {
    Matcher named = NAME.matcher(new String(library, StandardCharsets.ISO_8859_1));
    GlibcVersion needed = OLDEST;
    while (named.find()) {
      needed =
          max(
              needed,
              new GlibcVersion(Integer.parseInt(named.group(1)), Integer.parseInt(named.group(2))));
    }
    return needed;
  }

  private static GlibcVersion max(GlibcVersion a, GlibcVersion b) {
    return a.compareTo(b) >= 0 ? a : b;
  }

  @Override
  public int compareTo(GlibcVersion other) {
    return Comparator.comparingInt(GlibcVersion::major)
        .thenComparingInt(GlibcVersion::minor)
        .compare(this, other);
  }
}
