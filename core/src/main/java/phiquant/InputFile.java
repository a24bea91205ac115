package phiquant;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A file that somebody names, on the command line or in another file. It is opened only if it is a
 * regular file: to open a pipe waits for who writes into it, and a device may have no end.
 */
public final class InputFile {
  private static final int LARGEST_TEXT = 64 << 20;

  private InputFile() {}

  /**
   * Refuses what is not a regular file.
   *
   * @throws UserError saying what it is instead
   */
  public static void require(Path file) {
    if (Files.isDirectory(file)) {
      throw new UserError(file + " is a folder, not a file.");
    }
    if (!Files.exists(file)) {
      throw new UserError(file + " does not exist.");
    }
    if (!Files.isRegularFile(file)) {
      throw new UserError(
          file + " is a pipe, a device or a socket, not a file.", "Copy what it gives to a file.");
    }
  }

  /**
   * Opens a file for reading.
   *
   * @throws UserError if it is no regular file, or may not be read
   */
  public static FileChannel open(Path file) {
    require(file);
    try {
      return FileChannel.open(file, StandardOpenOption.READ);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * A whole file.
   *
   * @param most bytes that it may have
   * @throws UserError if it is no regular file, larger, or cannot be read
   */
  public static byte[] bytes(Path file, int most) {
    require(file);
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = Files.size(file) > most ? null : in.readNBytes(most);
      if (bytes == null || in.read() >= 0) {
        throw new UserError(
            "%s is larger than %d MB, too large to be what it is read as."
                .formatted(file, most >> 20));
      }
      return bytes;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * A whole text in UTF-8.
   *
   * @throws UserError if it is no such file, or larger than 64 MB
   */
  public static String text(Path file) {
    ByteBuffer bytes = ByteBuffer.wrap(bytes(file, LARGEST_TEXT));
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
    } catch (CharacterCodingException e) {
      throw new UserError(file + " is not a text in UTF-8.", e);
    }
  }

  /** Whether a name that stands in a file is one of a file beside it, and not a way elsewhere. */
  public static boolean isPlainName(String name) {
    try {
      return !name.isEmpty()
          && !name.contains("\\")
          && !List.of(".", "..").contains(name)
          && Path.of(name).equals(Path.of(name).getFileName());
    } catch (InvalidPathException e) {
      return false; // A NUL, or what this system's names cannot hold.
    }
  }

  private static UserError unreadable(Path file, IOException e) {
    return new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
  }
}
