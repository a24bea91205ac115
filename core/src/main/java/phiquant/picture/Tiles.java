package phiquant.picture;

import static phiquant.picture.CropGrid.SIDE;
import static phiquant.picture.Picture.COLORS;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * What a tower sees of a picture: the whole in one tile, and crops of it. The released processor
 * fills up with tiles of zeros, which nothing uses; they are left out.
 *
 * @param grid how it was cut
 * @param digest tells the picture from others
 * @param all the whole first, then the crops row by row; each of shape [3, 336, 336], red, green
 *     and blue
 */
public record Tiles(CropGrid grid, String digest, List<float[]> all) {
  /**
   * How bytes become numbers: {@code (byte / 255 - mean) / deviation}.
   *
   * @param means of red, green and blue
   * @param deviations the same
   */
  public record Scale(double[] means, double[] deviations) {
    /** CLIP's, which the released preprocessor_config.json states. */
    public static final Scale CLIP =
        new Scale(
            new double[] {0.48145466, 0.4578275, 0.40821073},
            new double[] {0.26862954, 0.26130258, 0.27577711});

    /** In floats, as torchvision's {@code ToTensor} and {@code Normalize} compute it. */
    private float[][] levels() {
      float[][] levels = new float[COLORS][256];
      for (int color = 0; color < COLORS; color++) {
        for (int value = 0; value < 256; value++) {
          levels[color][value] = (value / 255f - (float) means[color]) / (float) deviations[color];
        }
      }
      return levels;
    }
  }

  /**
   * Those of a picture.
   *
   * @param crops most of them
   * @throws phiquant.UserError if it is too narrow
   */
  public static Tiles of(Picture picture, int crops, Scale scale) {
    CropGrid grid = CropGrid.of(picture.width(), picture.height(), crops);
    return of(grid, laidOut(picture, grid), scale);
  }

  /** The picture in the size of the grid, white where there is nothing of it. */
  static Picture laidOut(Picture picture, CropGrid grid) {
    Picture lying = grid.tall() ? picture.transposed() : picture;
    Picture padded = BilinearResize.of(lying, grid.length(), grid.breadth()).paddedTo(grid.full());
    return grid.tall() ? padded.transposed() : padded;
  }

  private static Tiles of(CropGrid grid, Picture picture, Scale scale) {
    float[][] levels = scale.levels();
    List<float[]> all = new ArrayList<>();
    all.add(BicubicView.of(picture, levels));
    for (int row = 0; row < grid.rows(); row++) {
      for (int column = 0; column < grid.columns(); column++) {
        all.add(crop(picture, row * SIDE, column * SIDE, levels));
      }
    }
    return new Tiles(grid, digest(picture), List.copyOf(all));
  }

  private static String digest(Picture picture) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return picture.width() + ":" + HexFormat.of().formatHex(digest.digest(picture.rgb()));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // Every Java has it.
    }
  }

  private static float[] crop(Picture picture, int top, int left, float[][] levels) {
    float[] tile = new float[COLORS * SIDE * SIDE];
    for (int y = 0; y < SIDE; y++) {
      int at = COLORS * ((top + y) * picture.width() + left);
      for (int x = 0; x < SIDE; x++) {
        for (int color = 0; color < COLORS; color++) {
          tile[(color * SIDE + y) * SIDE + x] = levels[color][picture.rgb()[at++] & 0xff];
        }
      }
    }
    return tile;
  }
}
