package phiquant.picture;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Json;

/**
 * How a model's makers prepare pictures, as its {@code preprocessor_config.json} says; what is not
 * said there is what the released processing_phi3_v.py has.
 *
 * @param crops most of a picture
 * @param scale how bytes become numbers
 */
public record Preprocessing(int crops, Tiles.Scale scale) {
  /** More are no picture any more, but a text's whole context. */
  public static final int MOST_CROPS = 64;

  private static final String FILE = "preprocessor_config.json";
  private static final int CROPS = 4;

  public Preprocessing {
    if (crops < 1 || crops > MOST_CROPS) {
      throw new UserError(
          "A picture is cut into 1 to %d crops, not %d.".formatted(MOST_CROPS, crops));
    }
  }

  /**
   * That of a checkpoint.
   *
   * @throws UserError if its file says what is impossible
   */
  public static Preprocessing of(Checkpoint checkpoint) {
    String where = checkpoint.path() + "/" + FILE;
    Optional<byte[]> file = checkpoint.file(FILE);
    JsonNode config = file.<JsonNode>map(bytes -> Json.object(bytes, where)).orElse(missing());
    JsonNode crops = config.path("num_crops");
    if (config.hasNonNull("num_crops") && !crops.isInt()) {
      throw new UserError(where + ": num_crops is no whole number.");
    }
    Tiles.Scale clip = Tiles.Scale.CLIP;
    return new Preprocessing(
        crops.asInt(CROPS),
        new Tiles.Scale(
            three(config, "image_mean", clip.means(), where),
            three(config, "image_std", clip.deviations(), where)));
  }

  /** The same with another number of crops. */
  public Preprocessing withCrops(int crops) {
    return new Preprocessing(crops, scale);
  }

  private static JsonNode missing() {
    return MissingNode.getInstance();
  }

  private static double[] three(JsonNode config, String key, double[] usual, String where) {
    if (!config.hasNonNull(key)) {
      return usual;
    }
    JsonNode values = config.path(key);
    double[] three = new double[Picture.COLORS];
    for (int i = 0; i < three.length; i++) {
      three[i] = values.path(i).asDouble(0);
      if (values.size() != three.length || !(three[i] > 0 && three[i] < 1)) {
        throw new UserError(where + ": " + key + " must have three numbers between 0 and 1.");
      }
    }
    return three;
  }
}
