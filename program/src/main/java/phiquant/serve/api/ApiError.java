package phiquant.serve.api;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.OptionalInt;
import phiquant.UserError;

/**
 * A request that is refused, in the form that OpenAI's clients turn into exceptions: {@code
 * {"error": {"message", "type", "param", "code"}}} with an HTTP status.
 */
public final class ApiError extends RuntimeException {
  /** The status of a request that does not arrive in time: nothing more of it is awaited. */
  public static final int LATE = 408;

  private static final int BUSY = 503;
  private static final String QUEUE_FULL = "queue_full";

  /** An answer takes some seconds, and then there is a place. */
  private static final int RETRY_SECONDS = 2;

  private final int status;
  private final String type;
  private final String parameter;
  private final String code;

  private ApiError(int status, String type, String parameter, String code, String message) {
    super(message);
    this.status = status;
    this.type = type;
    this.parameter = parameter;
    this.code = code;
  }

  /** 400: something in the request is wrong. */
  public static ApiError wrong(String parameter, String message) {
    return new ApiError(400, "invalid_request_error", parameter, null, message);
  }

  /** 400: the prompt does not fit. */
  public static ApiError tooLong(String message) {
    return new ApiError(
        400, "invalid_request_error", "messages", "context_length_exceeded", message);
  }

  /** Another status between 400 and 499 for a request that can never succeed as it is. */
  public static ApiError refused(int status, String code, String message) {
    return new ApiError(status, "invalid_request_error", null, code, message);
  }

  /** 503: too many are waiting. */
  public static ApiError busy(int waiting) {
    return new ApiError(
        BUSY,
        "server_error",
        null,
        QUEUE_FULL,
        waiting + " requests are waiting already. Try again later.");
  }

  /** 504: the answer took longer than it may. */
  public static ApiError overdue(long seconds) {
    return new ApiError(
        504,
        "server_error",
        null,
        "timeout",
        "The answer took longer than the %d s that this server allows (--timeout)."
            .formatted(seconds));
  }

  /** Seconds after which the same request may succeed, if it may. */
  public OptionalInt retryAfter() {
    return QUEUE_FULL.equals(code) ? OptionalInt.of(RETRY_SECONDS) : OptionalInt.empty();
  }

  /** 500: a fault of ours; 503: the server is about to stop. */
  public static ApiError failed(int status, String message) {
    return new ApiError(status, "server_error", null, null, message);
  }

  /** What a client is told of whatever went wrong; a fault of ours is told on standard error. */
  public static ApiError of(Throwable problem) {
    if (problem instanceof ApiError error) {
      return error;
    }
    if (problem instanceof UserError error) {
      return wrong(null, error.getMessage());
    }
    if (problem instanceof OutOfMemoryError) {
      return failed(BUSY, "The server has no memory left for this request.");
    }
    StackTraceElement[] trace = problem.getStackTrace();
    System.err.println(
        "error: a request failed, which is a fault of phiquant; please report it: "
            + problem
            + (trace.length == 0 ? "" : " at " + trace[0]));
    return failed(500, "The server failed at this request; its log says more.");
  }

  public int status() {
    return status;
  }

  public ObjectNode json() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("error")
        .put("message", getMessage())
        .put("type", type)
        .put("param", parameter)
        .put("code", code);
    return body;
  }
}
