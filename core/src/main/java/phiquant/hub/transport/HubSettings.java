package phiquant.hub.transport;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import phiquant.UserError;

/**
 * Where the hub and its cache are, as huggingface_hub's {@code constants.py} and {@code _auth.py}
 * take it from the environment, so that who has set these for one tool has set them for all.
 *
 * @param endpoint the hub's address, without a slash at the end
 * @param cache the folder of all cached models
 * @param token who asks, if that is said
 * @param offline whether nothing may be asked
 * @param patience seconds without a byte after which a connection counts as dead
 * @param proxies who stands between
 */
public record HubSettings(
    URI endpoint,
    Path cache,
    Optional<HubToken> token,
    boolean offline,
    int patience,
    Proxies proxies) {
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{?(\\w+)}?");

  /** Those of this process. */
  public static HubSettings ofEnvironment() {
    return of(System.getenv());
  }

  /**
   * Those of an environment.
   *
   * @throws UserError if a variable is no address, or a token that cannot be sent
   */
  public static HubSettings of(Map<String, String> environment) {
    Path home = home(environment);
    Path cache =
        first(environment, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")
            .map(text -> path(text, environment))
            .orElse(home.resolve("hub"));
    return new HubSettings(
        endpoint(first(environment, "HF_ENDPOINT").orElse("https://huggingface.co")),
        cache,
        token(environment, home),
        isTrue(first(environment, "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")),
        first(environment, "HF_HUB_DOWNLOAD_TIMEOUT")
            .filter(text -> text.matches("[1-9]\\d{0,4}"))
            .map(Integer::parseInt)
            .orElse(10),
        Proxies.of(environment));
  }

  private static Path home(Map<String, String> environment) {
    return first(environment, "HF_HOME")
        .or(() -> first(environment, "XDG_CACHE_HOME").map(text -> text + "/huggingface"))
        .map(text -> path(text, environment))
        .orElse(Path.of(user(), ".cache", "huggingface"));
  }

  private static URI endpoint(String text) {
    try {
      URI address = URI.create(text.strip().replaceAll("/+$", ""));
      if (address.getHost() != null && String.valueOf(address.getScheme()).matches("https?")) {
        return address;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new UserError("HF_ENDPOINT is '" + text + "', which is no address of a hub.");
  }

  private static Optional<HubToken> token(Map<String, String> environment, Path home) {
    Optional<HubToken> stated =
        first(environment, "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
            .flatMap(text -> HubToken.of(text, "HF_TOKEN"));
    if (stated.isPresent() || isTrue(first(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN"))) {
      return stated;
    }
    Path file =
        first(environment, "HF_TOKEN_PATH")
            .map(text -> path(text, environment))
            .orElse(home.resolve("token"));
    try {
      return Files.isRegularFile(file)
          ? HubToken.of(Files.readString(file), file.toString())
          : Optional.empty();
    } catch (IOException e) {
      throw new UserError("The token in " + file + " cannot be read.", e);
    }
  }

  private static Optional<String> first(Map<String, String> environment, String... names) {
    return Stream.of(names)
        .map(environment::get)
        .filter(value -> value != null && !value.isBlank())
        .findFirst();
  }

  private static boolean isTrue(Optional<String> value) {
    return value.filter(text -> text.matches("(?i)1|on|yes|true")).isPresent();
  }

  /** With {@code ~} and variables in it, as Python's os.path expands them. */
  private static Path path(String text, Map<String, String> environment) {
    String whole = text.replaceFirst("^~(?=/|$)", Matcher.quoteReplacement(user()));
    return Path.of(
        VARIABLE
            .matcher(whole)
            .replaceAll(
                found ->
                    Matcher.quoteReplacement(
                        environment.getOrDefault(found.group(1), found.group()))));
  }

  private static String user() {
    return System.getProperty("user.home");
  }
}
