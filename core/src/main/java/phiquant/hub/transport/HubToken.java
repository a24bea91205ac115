package phiquant.hub.transport;

import java.util.Optional;
import phiquant.UserError;

/**
 * Who asks the hub. It never prints itself, so that no log or message can hold it.
 *
 * @param secret what is sent
 * @param source where it was found, for messages
 */
public record HubToken(String secret, String source) {
  /**
   * The token in a text, which may end with a line break.
   *
   * @throws UserError if it holds what no request can
   */
  public static Optional<HubToken> of(String text, String source) {
    String secret = text.replaceAll("[\\r\\n]", "").strip();
    if (!secret.matches("[\\x21-\\x7e]*")) {
      throw new UserError("The token from " + source + " holds characters that no token has.");
    }
    return secret.isEmpty() ? Optional.empty() : Optional.of(new HubToken(secret, source));
  }

  @Override
  public String toString() {
    return "token from " + source;
  }
}
