package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import phiquant.serve.api.ApiError;

/**
 * One HTTP exchange: a body in; one answer out, at once or in pieces. Whoever hangs up is noticed
 * by writing, so long answers write a little something from time to time.
 */
final class Exchange {
  static final String JSON = "application/json";

  /** At most one sign of life in so many nanoseconds. */
  private static final long BEAT = 1_000_000_000L;

  private final Response response;
  private final Body body;
  private final Outbox outbox;
  private boolean begun;
  private long written = System.nanoTime();

  Exchange(Request request, Response response, Patience patience) {
    this.response = response;
    this.body = new Body(request, patience.arrival());
    this.outbox = new Outbox(response, patience.reading());
  }

  Body body() {
    return body;
  }

  /** Adds a header to an answer that has not begun. */
  void header(String name, String value) {
    response.getHeaders().put(name, value);
  }

  /** Whether something has been sent already. */
  boolean begun() {
    return begun;
  }

  private void begin(int status, String type) {
    begun = true;
    response.setStatus(status);
    header(HttpHeader.CONTENT_TYPE.asString(), type);
    header("X-Content-Type-Options", "nosniff");
  }

  /** Sends the whole answer. */
  void send(int status, String type, byte[] content) {
    begin(status, type);
    header(HttpHeader.CONTENT_LENGTH.asString(), String.valueOf(content.length));
    outbox.end(content);
  }

  void send(int status, JsonNode json) {
    send(status, JSON, bytes(json.toString()));
  }

  /** Something that means nothing, if nothing was sent for long; false if the client is gone. */
  boolean beat(String type, String nothing) {
    return System.nanoTime() - written < BEAT || write(type, nothing);
  }

  /** Sends a piece of an answer at once; false if the client is gone. */
  boolean write(String type, String piece) {
    if (!begun) {
      begin(200, type);
      header(HttpHeader.CACHE_CONTROL.asString(), "no-cache");
    }
    written = System.nanoTime();
    return outbox.put(bytes(piece));
  }

  /** Sends the last piece of an answer that has begun. */
  void end(String piece) {
    outbox.end(bytes(piece));
  }

  /** Sends why there is no answer, or ends the one that has begun with it. */
  void refuse(ApiError error) {
    if (begun) {
      end(error.json().toString());
    } else {
      error
          .retryAfter()
          .ifPresent(seconds -> header(HttpHeader.RETRY_AFTER.asString(), "" + seconds));
      send(error.status(), error.json());
      if (error.status() != ApiError.LATE) {
        body.discard();
      }
    }
  }

  /** Waits until the client has taken the answer; what went wrong if it has not. */
  Optional<Throwable> await() {
    try {
      outbox.await();
      return Optional.empty();
    } catch (TimeoutException | ExecutionException e) {
      return Optional.of(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.of(e);
    }
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
