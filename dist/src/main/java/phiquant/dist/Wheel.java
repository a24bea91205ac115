package phiquant.dist;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import phiquant.Version;

/**
 * The self-contained folder as a Python package with a command {@code phiquant}: what pip installs
 * and removes again by its list of files.
 *
 * @see <a href="https://packaging.python.org/en/latest/specifications/binary-distribution-format/">
 *     the format of wheels</a>
 */
final class Wheel implements AutoCloseable {
  private static final String INFO = "phiquant-" + Version.NUMBER + ".dist-info/";

  private final ZipArchiveOutputStream zip;
  private final List<String> record = new ArrayList<>();

  private Wheel(ZipArchiveOutputStream zip) {
    this.zip = zip;
  }

  /** Writes the wheel for a platform into a folder and returns its place. */
  static Path write(Path folder, Platform platform, Path out) throws IOException {
    String tag = "py3-none-" + platform.wheelTag(GlibcVersion.neededBelow(folder));
    Path file = out.resolve("phiquant-%s-%s.whl".formatted(Version.NUMBER, tag));
    try (Wheel wheel = new Wheel(new ZipArchiveOutputStream(file))) {
      for (String module : List.of("__init__.py", "__main__.py")) {
        wheel.text("phiquant/" + module, resource(module));
      }
      for (Path each : PackedFiles.of(folder)) {
        wheel.put(
            "phiquant/runtime/" + PackedFiles.name(folder, each),
            Files.readAllBytes(each),
            PackedFiles.mode(each));
      }
      wheel.text(INFO + "METADATA", metadata());
      wheel.text(
          INFO + "WHEEL",
          """
          Wheel-Version: 1.0
          Generator: phiquant %s
          Root-Is-Purelib: false
          Tag: %s
          """
              .formatted(Version.NUMBER, tag));
      wheel.text(
          INFO + "entry_points.txt", "[console_scripts]\nphiquant = phiquant.__main__:main\n");
      wheel.text(INFO + "licenses/LICENSE", Files.readString(Path.of("LICENSE")));
    }
    return file;
  }

  private static String metadata() throws IOException {
    return resource("METADATA.txt").formatted(Version.NUMBER);
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = Wheel.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private void text(String name, String text) throws IOException {
    put(name, text.getBytes(StandardCharsets.UTF_8), 0100644);
  }

  private void put(String name, byte[] bytes, int mode) throws IOException {
    record.add("%s,sha256=%s,%d".formatted(name, sha256(bytes), bytes.length));
    entry(name, bytes, mode);
  }

  private void entry(String name, byte[] bytes, int mode) throws IOException {
    ZipArchiveEntry entry = new ZipArchiveEntry(name);
    entry.setUnixMode(mode);
    entry.setTime(PackedFiles.TIME * 1000);
    zip.putArchiveEntry(entry);
    zip.write(bytes);
    zip.closeArchiveEntry();
  }

  private static String sha256(byte[] bytes) {
    try {
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    record.add(INFO + "RECORD,,");
    entry(
        INFO + "RECORD",
        (String.join("\n", record) + "\n").getBytes(StandardCharsets.UTF_8),
        0100644);
    zip.close();
  }
}
