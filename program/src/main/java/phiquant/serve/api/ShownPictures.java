package phiquant.serve.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.UserError;
import phiquant.picture.Picture;
import phiquant.picture.PictureFile;

/**
 * Reads the pictures of a conversation: parts of the type {@code image_url} whose URL is a {@code
 * data:} one (RFC 2397) in base64. Nothing is fetched: a server that gets what strangers name can
 * be used to reach what they cannot.
 */
final class ShownPictures {
  private static final String TYPE = "image_url";
  private static final Pattern DATA = Pattern.compile("(?i)data:image/[\\w.+-]+;base64,");

  /** Pixels of all pictures of a conversation: a small body may unpack to very many. */
  private static final long PIXELS = 50_000_000;

  private long left = PIXELS;

  static boolean is(JsonNode part) {
    return part.path("type").asText().equals(TYPE);
  }

  List<Picture> of(JsonNode parts, String role) {
    List<Picture> pictures = new ArrayList<>();
    for (JsonNode part : parts) {
      if (is(part)) {
        if (!role.equals("user")) {
          throw ApiError.wrong("messages", "Only a user's message may have pictures.");
        }
        JsonNode url = part.path(TYPE);
        pictures.add(picture(url.isTextual() ? url.asText() : url.path("url").asText()));
      }
    }
    return pictures;
  }

  private Picture picture(String url) {
    Matcher data = DATA.matcher(url);
    if (!data.lookingAt()) {
      throw ApiError.wrong(
          "messages",
          "An image_url must be data:image/…;base64,…: this server fetches no pictures.");
    }
    try {
      byte[] bytes = Base64.getMimeDecoder().decode(url.substring(data.end()));
      Picture picture = PictureFile.decode(bytes, "A picture", left);
      left -= (long) picture.width() * picture.height();
      return picture;
    } catch (IllegalArgumentException e) {
      throw ApiError.wrong("messages", "An image_url's base64 is not valid.");
    } catch (UserError e) {
      throw ApiError.wrong("messages", e.getMessage());
    }
  }
}
