package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import phiquant.UserError;
import phiquant.checkpoint.Json;

/**
 * One HTTP exchange: a bounded JSON body in; JSON or a stream of events out. Whoever hangs up is
 * noticed by writing, so long answers write a little something from time to time.
 */
final class Connection implements AutoCloseable {
  /** At most one sign of life in so many nanoseconds. */
  private static final long BEAT = 1_000_000_000L;

  /** Of a body that is too large so much is read, so that the client gets to read why. */
  private static final long DISCARDED = 64 << 20;

  private final HttpExchange exchange;
  private OutputStream out;
  private long written = System.nanoTime();

  Connection(HttpExchange exchange) {
    this.exchange = exchange;
  }

  /**
   * The request's body.
   *
   * @param limit bytes that it may have
   * @throws ApiError if it is larger, or not a JSON object
   */
  ObjectNode json(int limit) throws IOException {
    String type = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type"));
    if (!type.toLowerCase(java.util.Locale.ROOT).startsWith("application/json")) {
      throw ApiError.refused(415, null, "The Content-Type must be application/json.");
    }
    InputStream in = exchange.getRequestBody();
    byte[] body = in.readNBytes(limit + 1);
    if (body.length > limit) {
      discard(in);
      throw ApiError.refused(413, null, "The body is larger than " + limit + " bytes.");
    }
    try {
      return Json.object(body, "The body");
    } catch (UserError e) {
      throw ApiError.wrong(null, e.getMessage());
    }
  }

  private static void discard(InputStream in) throws IOException {
    byte[] buffer = new byte[1 << 16];
    long left = DISCARDED;
    for (int read = 0; read >= 0 && left > 0; left -= read) {
      read = in.read(buffer);
    }
  }

  /** Whether something has been sent already. */
  boolean begun() {
    return out != null;
  }

  /** Sends the whole answer. */
  void send(int status, String type, byte[] body) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    boolean bodiless = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, bodiless ? -1 : body.length);
    out = exchange.getResponseBody();
    if (!bodiless) {
      out.write(body);
    }
  }

  void send(int status, JsonNode json) throws IOException {
    send(status, "application/json", bytes(json));
  }

  /** Ends an answer that may have begun with signs of life. */
  void finish(JsonNode json) {
    try {
      if (begun()) {
        out.write(bytes(json));
      } else {
        send(200, json);
      }
    } catch (IOException e) {
      // The client is gone; nobody is left to be told.
    }
  }

  /** White space before the JSON, which means nothing; false if the client is gone. */
  boolean wait(String type, String nothing) {
    if (System.nanoTime() - written < BEAT) {
      return true;
    }
    return write(type, nothing);
  }

  /** Sends a piece of an answer at once; false if the client is gone. */
  boolean write(String type, String piece) {
    try {
      if (out == null) {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.getResponseHeaders().set("Cache-Control", "no-cache");
        exchange.sendResponseHeaders(200, 0);
        out = exchange.getResponseBody();
      }
      out.write(piece.getBytes(StandardCharsets.UTF_8));
      out.flush();
      written = System.nanoTime();
      return true;
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  private static byte[] bytes(JsonNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    exchange.close();
  }
}
