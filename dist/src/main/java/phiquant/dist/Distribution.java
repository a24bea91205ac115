package phiquant.dist;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import phiquant.Version;

/**
 * Makes everything that people install, for the system that it runs on, into one folder: {@code
 * java -classpath … phiquant.dist.Distribution FOLDER}. The jars of the class path are what goes
 * in, so that nothing is listed twice.
 */
public final class Distribution {
  private Distribution() {}

  /** Makes the packages in the folder that is given. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Path out = Path.of(arguments[0]).toAbsolutePath();
    Platform platform = Platform.current();
    String name = "phiquant-%s-%s".formatted(Version.NUMBER, platform.natives);
    List<Path> jars = jars();
    Path work = emptied(out.resolve("image"));
    Path jmod = new ProgramModule(platform, jars, work).write();
    Path folder = Image.make(platform, jmod, emptied(out.resolve(name)), work);
    System.out.printf("%s: %d MB%n", folder, size(folder) >> 20);
    made(Archive.write(folder, out.resolve(name + ".tar.gz")));
    made(Wheel.write(folder, platform, out));
    if (platform.isLinux()) {
      made(DebianPackage.write(folder, emptied(work.resolve("debian")), out));
    }
  }

  private static void made(Path file) throws IOException {
    System.out.printf("%s: %d MB%n", file, Files.size(file) >> 20);
  }

  /** Those that phiquant consists of: all but what packages it. */
  private static List<Path> jars() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> entry.endsWith(".jar") && !entry.contains("commons-"))
        .map(Path::of)
        .toList();
  }

  /** A folder's place with nothing there, in a folder that exists. */
  private static Path emptied(Path folder) throws IOException {
    Files.createDirectories(folder.getParent());
    if (Files.exists(folder)) {
      List<Path> old;
      try (Stream<Path> files = Files.walk(folder)) {
        old = files.sorted(Comparator.reverseOrder()).toList();
      }
      for (Path path : old) {
        Files.delete(path);
      }
    }
    return folder;
  }

  private static long size(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
    }
  }
}
