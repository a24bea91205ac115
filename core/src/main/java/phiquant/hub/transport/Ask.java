package phiquant.hub.transport;

import java.net.URI;
import java.net.http.HttpRequest;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A question to the hub.
 *
 * @param what it is about, for messages: a model's or a file's name
 * @param method GET, POST or PUT
 * @param address to begin with; redirects lead on
 * @param headers beside those that all have
 * @param body made anew for every attempt
 */
public record Ask(
    String what,
    String method,
    URI address,
    Map<String, String> headers,
    Supplier<HttpRequest.BodyPublisher> body) {

  public static Ask get(String what, URI address) {
    return new Ask(what, "GET", address, Map.of(), HttpRequest.BodyPublishers::noBody);
  }

  public static Ask post(String what, URI address, String type, String text) {
    return new Ask(
        what,
        "POST",
        address,
        Map.of("Content-Type", type),
        () -> HttpRequest.BodyPublishers.ofString(text));
  }

  public Ask with(String header, String value) {
    Map<String, String> more = new HashMap<>(headers);
    more.put(header, value);
    return new Ask(what, method, address, more, body);
  }

  /** The same question somewhere else. */
  public Ask at(URI other) {
    return new Ask(what, method, other, headers, body);
  }
}
