package phiquant.serve;

import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;

/**
 * Who may talk to the server. A web page from elsewhere must not: not by a name of its own for this
 * machine (which is why a local server looks at {@code Host}), nor from another origin, which
 * browsers state with everything that could do something (RFC 6454, 7).
 */
final class Admission {
  private Admission() {}

  /**
   * Refuses pages from elsewhere.
   *
   * @param local whether the server is only for its own machine
   */
  static void check(Request request, boolean local) {
    String host = String.valueOf(request.getHeaders().get(HttpHeader.HOST));
    if (local
        && request.getHeaders().contains(HttpHeader.HOST)
        && !host.matches("(?i)(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\])(:\\d+)?")) {
      throw ApiError.refused(403, null, "This server is for its own machine only.");
    }
    List<String> origins = request.getHeaders().getValuesList(HttpHeader.ORIGIN);
    if (!origins.stream().allMatch(origin -> isOwn(origin, host))) {
      throw ApiError.refused(403, null, "Pages from elsewhere may not use this server.");
    }
  }

  /** A proxy in front may speak TLS. */
  private static boolean isOwn(String origin, String host) {
    return origin.equalsIgnoreCase("http://" + host) || origin.equalsIgnoreCase("https://" + host);
  }
}
