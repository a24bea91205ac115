package phiquant.picture;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import phiquant.InputFile;
import phiquant.UserError;

/**
 * Reads a picture with the JDK's readers, within bounds: what its head says is checked before
 * anything is unpacked. Only what is one picture of bytes in red, green and blue, or gray, is
 * taken; transparency is left out, as Pillow's {@code convert("RGB")} does, and so is a camera's
 * note of how it was held.
 */
public final class PictureFile {
  /** Bytes of a file. */
  public static final int LARGEST = 64 << 20;

  /** Pixels of a picture: in memory each takes some bytes, however few the file has. */
  public static final long MOST_PIXELS = 100_000_000;

  private static final Set<String> FORMATS = Set.of("png", "jpeg", "gif", "bmp");

  private PictureFile() {}

  /**
   * Reads a file.
   *
   * @throws UserError if it is no such picture, or too large
   */
  public static Picture read(Path file) {
    return decode(InputFile.bytes(file, LARGEST), file.toString(), MOST_PIXELS);
  }

  /**
   * Decodes a file's bytes.
   *
   * @param where what the picture is called in messages
   * @param most pixels that it may have
   * @throws UserError if it is no such picture, or too large
   */
  public static Picture decode(byte[] bytes, String where, long most) {
    if (bytes.length > LARGEST) {
      throw new UserError(where + " is larger than " + (LARGEST >> 20) + " MB.");
    }
    if (AnimatedPng.is(bytes)) {
      throw animated(where);
    }
    try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes))) {
      ImageReader reader = reader(in, where);
      try {
        return decode(reader, in, where, most);
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      if (e instanceof UserError error) {
        throw error;
      }
      throw new UserError(where + " is damaged: it cannot be decoded as a picture.", e);
    }
  }

  private static ImageReader reader(ImageInputStream in, String where) throws IOException {
    for (var readers = ImageIO.getImageReaders(in); readers.hasNext(); ) {
      ImageReader reader = readers.next();
      if (FORMATS.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
        return reader;
      }
    }
    throw new UserError(where + " is no picture that phiquant reads: PNG, JPEG, GIF or BMP.");
  }

  private static Picture decode(ImageReader reader, ImageInputStream in, String where, long most)
      throws IOException {
    reader.setInput(in, false, true);
    long pixels = (long) reader.getWidth(0) * reader.getHeight(0);
    if (pixels > most) {
      throw new UserError(
          "%s has %d×%d pixels, more than the %,d that are taken here."
              .formatted(where, reader.getWidth(0), reader.getHeight(0), most),
          "Reduce it first: a model sees some million pixels of it at most.");
    }
    if (reader.getFormatName().equalsIgnoreCase("gif") && reader.getNumImages(true) > 1) {
      throw animated(where);
    }
    if (!isColor(reader)) {
      throw new UserError(
          where + " is in CMYK or another space of colors that phiquant does not read.",
          "Convert it to RGB.");
    }
    Truncation truncation = new Truncation();
    reader.addIIOReadWarningListener(truncation);
    BufferedImage image = reader.read(0);
    if (truncation.seen()) {
      throw new UserError(where + " ends early: a part of the picture is missing.");
    }
    return Pixels.of(image, where);
  }

  /** Whether it has red, green and blue, or is gray. */
  private static boolean isColor(ImageReader reader) throws IOException {
    Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
    if (!types.hasNext()) {
      return false;
    }
    int space = types.next().getColorModel().getColorSpace().getType();
    return space == ColorSpace.TYPE_RGB || space == ColorSpace.TYPE_GRAY;
  }

  private static UserError animated(String where) {
    return new UserError(
        where + " is animated; a model sees one picture.", "Take one of its frames.");
  }
}
