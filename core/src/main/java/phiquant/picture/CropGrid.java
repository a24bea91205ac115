package phiquant.picture;

import phiquant.UserError;

/**
 * How a picture is cut into square crops: it is enlarged or reduced to a whole number of crops
 * along its long side, the short side follows and is filled up with white. Source: {@code
 * calc_padded_size} and {@code HD_transform} in the released processing_phi3_v.py; all in doubles,
 * as Python computes it: 32-bit floats give another grid for some shapes.
 *
 * @param tall whether the picture is higher than wide, and so is worked on transposed
 * @param length pixels along the long side after the resize
 * @param breadth pixels along the short side after the resize
 * @param full pixels along the short side with the white
 */
public record CropGrid(boolean tall, int length, int breadth, int full) {
  /** Pixels along the side of a crop: the tower's, ViT-L/14-336. */
  public static final int SIDE = 336;

  /** Image tokens along the side of a crop: 24 patches, of which two by two become one. */
  private static final int TOKENS = 12;

  /**
   * The grid of a picture.
   *
   * @param crops most of them
   * @throws UserError if the picture is so narrow that nothing would be left of it
   */
  public static CropGrid of(int width, int height, int crops) {
    boolean tall = width < height;
    double ratio = tall ? (double) height / width : (double) width / height;
    int scale = 1;
    while (scale * Math.ceil(scale / ratio) <= crops) {
      scale++;
    }
    int length = (scale - 1) * SIDE;
    int breadth = (int) (length / ratio);
    if (breadth < 1) {
      throw new UserError(
          "A picture of %d×%d pixels is too narrow to be cut into %d crops."
              .formatted(width, height, crops));
    }
    return new CropGrid(tall, length, breadth, Math.ceilDiv(breadth, SIDE) * SIDE);
  }

  /**
   * The ratio of long to short side up to which a grid has as many rows as columns, and beyond
   * which it has not.
   *
   * @param crops most of a picture
   */
  public static double squareUpTo(int crops) {
    int side = (int) Math.sqrt(crops);
    // Beyond, a row less is enough, parts of pixels being cut off; or a longer one fits often
    // enough.
    double ratio =
        side == 1 ? Double.POSITIVE_INFINITY : (double) side * SIDE / ((side - 1) * SIDE + 1);
    for (int longer = side + 1; longer <= crops; longer++) {
      ratio = Math.min(ratio, (double) longer / (crops / longer));
    }
    return ratio;
  }

  /** Crops beside each other. */
  public int columns() {
    return (tall ? full : length) / SIDE;
  }

  /** Crops below each other. */
  public int rows() {
    return (tall ? length : full) / SIDE;
  }

  /** Image tokens: the crops as one grid, each of its rows ended; one between; the whole, alike. */
  public int tokens() {
    return TOKENS * rows() * (TOKENS * columns() + 1) + 1 + TOKENS * (TOKENS + 1);
  }
}
