package phiquant.hub.transport;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import phiquant.UserError;
import phiquant.Version;

/**
 * Asks the hub and the hosts to which it sends on. Redirects are followed here and not by the JDK's
 * client, for the token must reach the hub alone, and some ways are not to be gone: to a file, or
 * from https to http. Connections are of HTTP/1.1, of which several carry more than one of HTTP/2.
 */
public final class Transport implements AutoCloseable {
  private static final int REDIRECTS = 5;

  /** An upload says nothing while it goes on. */
  private static final int UPLOAD_PATIENCE = 600;

  private final HubSettings settings;
  private final HttpClient client;

  /**
   * What came of a question.
   *
   * @param headers of the last answer
   * @param before headers of the answers that led to it
   * @param address of the last answer
   */
  public record Reply(int status, HttpHeaders headers, List<HttpHeaders> before, URI address) {
    public boolean isGood() {
      return Sink.isGood(status);
    }
  }

  public Transport(HubSettings settings) {
    this.settings = settings;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(Duration.ofSeconds(settings.patience()))
            .proxy(settings.proxies().selector());
    settings
        .proxies()
        .authenticator()
        .ifPresent(
            credentials -> {
              // Without it the JDK gives no password to a proxy on the way to https.
              System.setProperty("jdk.http.auth.tunneling.disabledSchemes", "");
              builder.authenticator(credentials);
            });
    this.client = builder.build();
  }

  public HubSettings settings() {
    return settings;
  }

  /**
   * Asks once, going where redirects lead.
   *
   * @throws IOException if there is no answer, or it ends in the middle
   * @throws UserError if a redirect leads where none may
   */
  public Reply exchange(Ask ask, Sink sink) throws IOException {
    if (settings.offline()) {
      throw HubRefusals.offline(ask.what());
    }
    List<HttpHeaders> before = new ArrayList<>();
    URI address = ask.address();
    while (true) {
      HttpResponse<Void> response = send(ask, address, sink);
      int status = response.statusCode();
      boolean leadsOn = List.of(301, 302, 303, 307, 308).contains(status);
      String location = response.headers().firstValue("Location").orElse(null);
      if (!leadsOn || location == null) {
        return new Reply(status, response.headers(), List.copyOf(before), address);
      }
      before.add(response.headers());
      if (before.size() > REDIRECTS) {
        throw new UserError(ask.what() + ": the hub redirects in a circle.");
      }
      address = redirected(ask, address, location);
    }
  }

  private static URI redirected(Ask ask, URI from, String location) {
    try {
      URI to = from.resolve(location);
      boolean web = to.getHost() != null && String.valueOf(to.getScheme()).matches("(?i)https?");
      boolean safe = !isSecure(from) || isSecure(to);
      if (web && safe) {
        return to;
      }
    } catch (IllegalArgumentException e) {
      // Said below.
    }
    throw new UserError(
        "%s: the hub redirects to '%s', where phiquant does not go."
            .formatted(ask.what(), location.split("[?]")[0]));
  }

  private static boolean isSecure(URI address) {
    return "https".equalsIgnoreCase(address.getScheme());
  }

  private HttpResponse<Void> send(Ask ask, URI address, Sink sink) throws IOException {
    HttpRequest.BodyPublisher body = ask.body().get();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .method(ask.method(), body)
            .setHeader("User-Agent", "phiquant/" + Version.NUMBER);
    ask.headers().forEach(request::setHeader);
    if (isHub(address)) {
      settings
          .token()
          .ifPresent(token -> request.setHeader("Authorization", "Bearer " + token.secret()));
    }
    int patience =
        body.contentLength() == 0
            ? settings.patience()
            : Math.max(settings.patience(), UPLOAD_PATIENCE);
    return await(client.sendAsync(request.build(), sink), sink, patience);
  }

  /** Whether the token may go there: to the hub itself, not to where it keeps its files. */
  private boolean isHub(URI address) {
    return origin(address).equals(origin(settings.endpoint()));
  }

  private static String origin(URI address) {
    int port = address.getPort();
    int usual = isSecure(address) ? 443 : 80;
    return (address.getScheme() + "://" + address.getHost() + ":" + (port < 0 ? usual : port))
        .toLowerCase(Locale.ROOT);
  }

  /** Waits as long as anything is heard. */
  private static HttpResponse<Void> await(
      CompletableFuture<HttpResponse<Void>> answer, Sink sink, int patience) throws IOException {
    long begun = System.nanoTime();
    try {
      while (true) {
        try {
          return answer.get(200, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
          long last = Math.max(begun, sink.heard());
          if (System.nanoTime() - last > TimeUnit.SECONDS.toNanos(patience)) {
            throw new HttpTimeoutException("nothing was heard for " + patience + " s");
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
    } finally {
      answer.cancel(true);
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
