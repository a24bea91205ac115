package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.thread.Invocable;
import phiquant.UserError;
import phiquant.checkpoint.Json;
import phiquant.serve.api.ApiError;

/**
 * A request's body: bounded in size and in the time that it may take to arrive, and a JSON object
 * in valid UTF-8 (RFC 8259, 8.1).
 */
record Body(Request request, Duration patience) {
  /** Of what nobody wants so much is read, so that its sender gets to read why. */
  private static final long DISCARDED = 64 << 20;

  private static final Duration DISCARDING = Duration.ofSeconds(10);

  /** {@code application/json} with parameters (RFC 9110, 5.6.6); a charset must be UTF-8. */
  private static final Pattern JSON_TYPE = jsonType();

  private static Pattern jsonType() {
    String token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    String quoted = "\"(?:[\\t !#-\\[\\]-~\\x80-\\xFF]|\\\\[\\t -~\\x80-\\xFF])*\"";
    String charset = "charset=(?:utf-8|\"utf-8\")";
    String other = "(?!charset=)" + token + "=(?:" + token + "|" + quoted + ")";
    return Pattern.compile(
        "application/json(?:[ \\t]*;[ \\t]*(?:%s|%s)?)*[ \\t]*".formatted(charset, other),
        Pattern.CASE_INSENSITIVE);
  }

  /**
   * Reads it.
   *
   * @param limit bytes that it may have
   * @throws ApiError if it is larger, arrives too slowly, or is not a JSON object
   */
  ObjectNode json(int limit) {
    List<String> types = request.getHeaders().getValuesList(HttpHeader.CONTENT_TYPE);
    if (types.size() != 1 || !isJson(types.getFirst())) {
      throw ApiError.refused(415, null, "The Content-Type must be application/json, in UTF-8.");
    }
    String coding = request.getHeaders().get(HttpHeader.CONTENT_ENCODING);
    if (coding != null && !coding.equalsIgnoreCase("gzip")) {
      throw ApiError.refused(415, null, "The only Content-Encoding here is gzip.");
    }
    byte[] bytes = coding == null ? read(limit) : unzipped(read(limit), limit);
    if (!isUtf8(bytes)) {
      throw ApiError.wrong(null, "The body is not valid UTF-8.");
    }
    ObjectNode json;
    try {
      json = Json.object(bytes, "The body");
    } catch (UserError e) {
      throw ApiError.wrong(null, e.getMessage());
    }
    // What is UTF-8 may still escape one half of a character, which no UTF-8 can say.
    if (!isText(json)) {
      throw ApiError.wrong(null, "The body has a text with half of a surrogate pair.");
    }
    return json;
  }

  /** Whether a Content-Type says JSON in UTF-8. */
  static boolean isJson(String type) {
    return JSON_TYPE.matcher(type).matches();
  }

  /** JSON has no byte that is zero, and UTF-16, which parsers guess, has many. */
  private static boolean isUtf8(byte[] bytes) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.indexOf(0) < 0;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  private static boolean isText(JsonNode json) {
    if (json.isTextual()) {
      return StandardCharsets.UTF_8.newEncoder().canEncode(json.asText());
    }
    for (JsonNode part : json) {
      if (!isText(part)) {
        return false;
      }
    }
    return true;
  }

  /** What takes little space may say much. */
  private static byte[] unzipped(byte[] zipped, int limit) {
    try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(zipped))) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw tooLarge(limit);
      }
      return bytes;
    } catch (IOException e) {
      throw ApiError.wrong(null, "The body is not gzip, or ends early.");
    }
  }

  private static ApiError tooLarge(int limit) {
    return ApiError.refused(413, null, "The body is larger than " + limit + " bytes.");
  }

  private byte[] read(int limit) {
    if (request.getLength() > limit) {
      throw tooLarge(limit);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    long end = System.nanoTime() + patience.toNanos();
    for (boolean last = false; !last; ) {
      Content.Chunk chunk = next(end);
      byte[] piece = new byte[chunk.remaining()];
      chunk.getByteBuffer().get(piece);
      last = chunk.isLast();
      chunk.release();
      if (body.size() + (long) piece.length > limit) {
        throw tooLarge(limit);
      }
      body.writeBytes(piece);
    }
    return body.toByteArray();
  }

  private Content.Chunk next(long end) {
    for (; ; ) {
      Content.Chunk chunk = request.read();
      if (Content.Chunk.isFailure(chunk)) {
        if (chunk.getFailure() instanceof TimeoutException) {
          throw late();
        }
        throw ApiError.wrong(null, "The body ends early, or its chunks are not valid.");
      }
      if (chunk != null) {
        return chunk;
      }
      CountDownLatch more = new CountDownLatch(1);
      request.demand(Invocable.from(Invocable.InvocationType.NON_BLOCKING, more::countDown));
      try {
        if (!more.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          throw late();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw ApiError.failed(503, "The server is stopping.");
      }
    }
  }

  private static ApiError late() {
    return ApiError.refused(ApiError.LATE, null, "The body did not arrive in time.");
  }

  /** Reads on without keeping anything: who is still sending could not read an answer. */
  void discard() {
    if (request.getHeaders().contains(HttpHeader.EXPECT)) {
      return; // The client waits to be asked for its body.
    }
    long end = System.nanoTime() + DISCARDING.toNanos();
    long left = DISCARDED;
    try {
      for (boolean last = false; !last && left > 0; ) {
        Content.Chunk chunk = next(end);
        left -= chunk.remaining();
        last = chunk.isLast();
        chunk.release();
      }
    } catch (ApiError e) {
      // It is not there, or too slow to wait for.
    }
  }
}
