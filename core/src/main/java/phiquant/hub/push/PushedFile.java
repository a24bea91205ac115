package phiquant.hub.push;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import phiquant.InputFile;
import phiquant.UserError;

/**
 * A file that goes to the hub.
 *
 * @param path within the model there, with slashes
 * @param size in bytes
 * @param content opened anew each time that it is read
 */
public record PushedFile(String path, long size, Content content) {
  /** Where bytes come from. */
  public interface Content {
    InputStream open() throws IOException;
  }

  /** A file of the disk. */
  public static PushedFile of(String path, Path file) {
    InputFile.require(file);
    try {
      return new PushedFile(path, Files.size(file), () -> Files.newInputStream(file));
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  /** A text. */
  public static PushedFile of(String path, byte[] bytes) {
    return new PushedFile(path, bytes.length, () -> new ByteArrayInputStream(bytes));
  }

  /** Its bytes from a place on. */
  InputStream from(long offset) {
    try {
      InputStream in = content.open();
      in.skipNBytes(offset);
      return in;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** So many of the first bytes, or all if there are fewer. */
  byte[] first(int count) {
    try (InputStream in = content.open()) {
      return in.readNBytes(count);
    } catch (IOException e) {
      throw unreadable(path, e);
    }
  }

  static UserError unreadable(String path, IOException e) {
    return new UserError(path + " cannot be read: " + e.getMessage() + ".", e);
  }
}
