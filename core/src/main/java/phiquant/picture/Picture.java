package phiquant.picture;

import java.util.Arrays;

/**
 * A picture without transparency.
 *
 * @param width pixels, at least 1
 * @param height pixels, at least 1
 * @param rgb red, green and blue of each pixel, row by row from the top; shape [height, width, 3]
 */
public record Picture(int width, int height, byte[] rgb) {
  static final int COLORS = 3;

  public Picture {
    if (width < 1 || height < 1 || rgb.length != (long) COLORS * width * height) {
      throw new IllegalArgumentException(
          "%d bytes for %d×%d pixels".formatted(rgb.length, width, height));
    }
  }

  /** Mirrored at the diagonal: rows become columns. */
  Picture transposed() {
    byte[] turned = new byte[rgb.length];
    for (int y = 0; y < height; y++) {
      int from = COLORS * y * width;
      int to = COLORS * y;
      for (int x = 0; x < width; x++, from += COLORS, to += COLORS * height) {
        turned[to] = rgb[from];
        turned[to + 1] = rgb[from + 1];
        turned[to + 2] = rgb[from + 2];
      }
    }
    return new Picture(height, width, turned);
  }

  /** With white rows above and below, one more below where their number is odd. */
  Picture paddedTo(int full) {
    if (full == height) {
      return this;
    }
    byte[] padded = new byte[COLORS * width * full];
    Arrays.fill(padded, (byte) 255);
    System.arraycopy(rgb, 0, padded, COLORS * width * ((full - height) / 2), rgb.length);
    return new Picture(width, full, padded);
  }

  /** Equal pixels. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Picture picture
        && picture.width == width
        && Arrays.equals(picture.rgb, rgb);
  }

  @Override
  public int hashCode() {
    return 31 * width + Arrays.hashCode(rgb);
  }
}
