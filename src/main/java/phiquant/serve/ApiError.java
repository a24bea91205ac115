package phiquant.serve;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A request that is refused, in the form that OpenAI's clients turn into exceptions: {@code
 * {"error": {"message", "type", "param", "code"}}} with an HTTP status.
 */
final class ApiError extends RuntimeException {
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
  static ApiError wrong(String parameter, String message) {
    return new ApiError(400, "invalid_request_error", parameter, null, message);
  }

  /** 400: the prompt does not fit. */
  static ApiError tooLong(String message) {
    return new ApiError(
        400, "invalid_request_error", "messages", "context_length_exceeded", message);
  }

  /** Another status between 400 and 499 for a request that can never succeed as it is. */
  static ApiError refused(int status, String code, String message) {
    return new ApiError(status, "invalid_request_error", null, code, message);
  }

  /** 429: too many are waiting. */
  static ApiError busy(int waiting) {
    return new ApiError(
        429,
        "rate_limit_error",
        null,
        "queue_full",
        waiting + " requests are waiting already. Try again later.");
  }

  /** 500: a fault of ours; 503: the server is about to stop. */
  static ApiError failed(int status, String message) {
    return new ApiError(status, "server_error", null, null, message);
  }

  int status() {
    return status;
  }

  ObjectNode json() {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("error")
        .put("message", getMessage())
        .put("type", type)
        .put("param", parameter)
        .put("code", code);
    return body;
  }
}
