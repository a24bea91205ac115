package phiquant.serve;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import phiquant.serve.api.ApiError;

/**
 * Who may talk to the server. A web page from elsewhere must not unless it is allowed: not by a
 * name of its own for this machine (which is why a local server looks at {@code Host}), nor from
 * another origin, which browsers state with everything that could do something (RFC 6454, 7).
 */
final class Admission {
  /** Addresses, which no name server can turn to another machine. */
  private static final String ADDRESS = "\\d+\\.\\d+\\.\\d+\\.\\d+|\\[[0-9a-f:.%]+]";

  private static final String OWN_ADDRESS = "127\\.\\d+\\.\\d+\\.\\d+|\\[::1]";

  private final Access access;
  private final boolean local;
  private final Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

  /**
   * @param local whether the server is only for its own machine
   */
  Admission(Access access, boolean local) {
    this.access = access;
    this.local = local;
    names.add("localhost");
    names.addAll(access.hosts());
    if (!local) {
      try {
        String name = InetAddress.getLocalHost().getHostName();
        names.addAll(Set.of(name, name + ".local"));
      } catch (UnknownHostException e) {
        // Then it is known by its address only, and by the names that are allowed.
      }
    }
  }

  /** Refuses pages from elsewhere; the answer will tell the browser of those that are allowed. */
  void check(Request request, Exchange exchange) {
    String host = String.valueOf(request.getHeaders().get(HttpHeader.HOST));
    if (request.getHeaders().contains(HttpHeader.HOST) && !isOwnHost(host)) {
      throw ApiError.refused(
          403,
          null,
          local
              ? "This server is for its own machine only. Other names: --allow-host NAME."
              : "This machine is not known by that name. Others: --allow-host NAME.");
    }
    for (String origin : request.getHeaders().getValuesList(HttpHeader.ORIGIN)) {
      if (isOwn(origin, host)) {
        continue;
      }
      if (!access.isPageAllowed(origin)) {
        throw ApiError.refused(403, null, "Pages from elsewhere may not use this server.");
      }
      exchange.header("Access-Control-Allow-Origin", origin);
      exchange.header(HttpHeader.VARY.asString(), "Origin");
    }
  }

  private boolean isOwnHost(String host) {
    String name = host.replaceFirst(":\\d+$", "");
    return names.contains(name) || name.toLowerCase().matches(local ? OWN_ADDRESS : ADDRESS);
  }

  /** A proxy in front may speak TLS. */
  private static boolean isOwn(String origin, String host) {
    return origin.equalsIgnoreCase("http://" + host) || origin.equalsIgnoreCase("https://" + host);
  }

  /** Refuses who has not the key. */
  void requireKey(Request request, Exchange exchange) {
    if (access.key().isEmpty()) {
      return;
    }
    List<String> given = request.getHeaders().getValuesList(HttpHeader.AUTHORIZATION);
    String header = given.size() == 1 ? given.getFirst() : "";
    boolean bearer = header.regionMatches(true, 0, "Bearer ", 0, 7);
    if (!access.isKey(bearer ? header.substring(7).strip() : "")) {
      exchange.header(HttpHeader.WWW_AUTHENTICATE.asString(), "Bearer");
      throw ApiError.refused(
          401, "invalid_api_key", "This server asks for its key: Authorization: Bearer KEY.");
    }
  }

  /**
   * Answers a browser that asks whether a page may send a request (Fetch, 4.8).
   *
   * @return whether it was that
   */
  static boolean preflight(Request request, Exchange exchange) {
    boolean asks =
        request.getMethod().equals("OPTIONS")
            && request.getHeaders().contains(HttpHeader.ORIGIN)
            && request.getHeaders().contains("Access-Control-Request-Method");
    if (asks) {
      exchange.header("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS");
      exchange.header(
          "Access-Control-Allow-Headers",
          request.getHeaders().contains("Access-Control-Request-Headers")
              ? request.getHeaders().get("Access-Control-Request-Headers")
              : "authorization, content-type");
      exchange.header("Access-Control-Max-Age", "600");
      exchange.send(204, "text/plain", new byte[0]);
    }
    return asks;
  }
}
