package phiquant.hub;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A model on {@link TestHub}: files at its newest commit, hashed as git and git-lfs do. */
final class TestRepository {
  boolean isPrivate;
  boolean isGated;
  final Map<String, Stored> files = new TreeMap<>();

  /** A file: large ones are found by their SHA-256, small ones by git's hash. */
  record Stored(Path content, long size, String blob, String sha256, String xetHash) {
    boolean isLarge() {
      return sha256 != null;
    }

    String etag() {
      return isLarge() ? sha256 : blob;
    }
  }

  /** All files of a folder; weights, and what has more than 100 KB, are large. */
  TestRepository addAll(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      all.filter(Files::isRegularFile)
          .forEach(file -> add(folder.relativize(file).toString().replace('\\', '/'), file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  void add(String path, Path content) {
    try {
      boolean large = path.endsWith(".safetensors") || Files.size(content) > 100_000;
      add(path, content, large);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void add(String path, Path content, boolean large) throws IOException {
    long size = Files.size(content);
    String sha256 = large ? hash("SHA-256", new byte[0], content) : null;
    byte[] pointer =
        ("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n")
            .formatted(sha256, size)
            .getBytes(StandardCharsets.UTF_8);
    String blob =
        large
            ? hex(sha1().digest(concat(header(pointer.length), pointer)))
            : hash("SHA-1", header(size), content);
    files.put(path, new Stored(content, size, blob, sha256, null));
  }

  /** The commit that these files are. */
  String commit() {
    MessageDigest digest = sha1();
    files.forEach((path, file) -> digest.update((path + file.etag()).getBytes()));
    return hex(digest.digest());
  }

  private static byte[] header(long size) {
    return ("blob " + size + "\0").getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] concat(byte[] a, byte[] b) {
    byte[] both = java.util.Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, both, a.length, b.length);
    return both;
  }

  static String hash(String algorithm, byte[] before, Path content) throws IOException {
    try (var in = Files.newInputStream(content)) {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      digest.update(before);
      byte[] buffer = new byte[1 << 20];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
      return hex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static MessageDigest sha1() {
    try {
      return MessageDigest.getInstance("SHA-1");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
