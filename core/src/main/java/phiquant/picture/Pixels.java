package phiquant.picture;

import static phiquant.picture.Picture.COLORS;

import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;
import phiquant.UserError;

/**
 * The bytes of a decoded picture as the file has them. Not through {@code getRGB}, which turns gray
 * ones and such with a profile into another space of colors, where Pillow leaves numbers alone.
 */
final class Pixels {
  private Pixels() {}

  static Picture of(BufferedImage image, String where) {
    Raster raster = image.getRaster();
    int width = raster.getWidth();
    int height = raster.getHeight();
    int bands = raster.getNumBands();
    ColorModel model = image.getColorModel();
    byte[] rgb = new byte[Math.multiplyExact(COLORS * width, height)];
    if (model instanceof IndexColorModel palette) {
      byte[][] colors = colors(palette);
      int[] row = new int[width];
      for (int y = 0; y < height; y++) {
        raster.getPixels(0, y, width, 1, row);
        for (int x = 0; x < width; x++) {
          for (int color = 0; color < COLORS; color++) {
            rgb[COLORS * (y * width + x) + color] = colors[color][row[x]];
          }
        }
      }
      return new Picture(width, height, rgb);
    }
    if (!isOfBytes(raster)) {
      throw new UserError(
          where + " has samples of %d bits; phiquant reads 8.".formatted(model.getComponentSize(0)),
          "Convert it to 8 bits for each color.");
    }
    int[] row = new int[bands * width];
    boolean gray = bands < COLORS;
    for (int y = 0; y < height; y++) {
      raster.getPixels(0, y, width, 1, row);
      int at = COLORS * y * width;
      for (int x = 0; x < width; x++) {
        for (int color = 0; color < COLORS; color++) {
          rgb[at++] = (byte) row[bands * x + (gray ? 0 : color)];
        }
      }
    }
    return new Picture(width, height, rgb);
  }

  private static byte[][] colors(IndexColorModel palette) {
    byte[][] colors = new byte[COLORS][palette.getMapSize()];
    palette.getReds(colors[0]);
    palette.getGreens(colors[1]);
    palette.getBlues(colors[2]);
    return colors;
  }

  private static boolean isOfBytes(Raster raster) {
    int type = raster.getSampleModel().getDataType();
    for (int size : raster.getSampleModel().getSampleSize()) {
      if (size != Byte.SIZE) {
        return false;
      }
    }
    return type == DataBuffer.TYPE_BYTE || type == DataBuffer.TYPE_INT;
  }
}
