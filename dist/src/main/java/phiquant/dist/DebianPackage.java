package phiquant.dist;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import phiquant.Version;

/**
 * The self-contained folder as a Debian package, in {@code /opt/phiquant} with a link in {@code
 * /usr/bin}. jpackage packs a Java that has no program of jpackage's own as it is, which is what
 * ours looks like to it: phiquant's launcher chooses flags by the command, jpackage's does not.
 */
final class DebianPackage {
  private DebianPackage() {}

  /** Writes the package into a folder and returns its place. */
  static Path write(Path folder, Path resources, Path out) throws IOException {
    Files.createDirectories(resources);
    for (String script : List.of("postinst", "prerm")) {
      try (InputStream in = DebianPackage.class.getResourceAsStream(script + ".sh")) {
        Files.copy(in, resources.resolve(script));
      }
    }
    Tool.named("jpackage")
        .run(
            "--type",
            "deb",
            "--runtime-image",
            folder.toString(),
            "--name",
            "phiquant",
            "--app-version",
            Version.NUMBER,
            "--install-dir",
            "/opt",
            "--description",
            "Puts Phi models on the devices that people own",
            "--license-file",
            "LICENSE",
            "--resource-dir",
            resources.toString(),
            "--linux-deb-maintainer",
            "phiquant@localhost",
            "--dest",
            out.toString());
    try (Stream<Path> files = Files.list(out)) {
      return files.filter(file -> file.toString().endsWith(".deb")).findFirst().orElseThrow();
    }
  }
}
