package phiquant.serve;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import phiquant.serve.api.ApiError;

/** What Jetty refuses before anybody here sees it, in our form and words. */
final class Refusals extends ErrorHandler {
  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    ApiError error = error(request, response.getStatus());
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, Exchange.JSON);
    byte[] body = error.json().toString().getBytes(StandardCharsets.UTF_8);
    response.write(true, ByteBuffer.wrap(body), callback);
    return true;
  }

  private static ApiError error(Request request, int status) {
    Object cause = request.getAttribute(ERROR_EXCEPTION);
    String address = request.getHttpURI() == null ? "" : request.getHttpURI().asString();
    if (status == 400 && address.replaceFirst("^https?://", "").contains("//")) {
      return ApiError.refused(
          status,
          null,
          "The address "
              + address.replaceAll("[^!-~]", "?")
              + " has a doubled slash: clients' base URL ends with /v1, without a slash.");
    }
    return switch (status) {
      case ApiError.LATE -> ApiError.refused(status, null, "The request did not arrive in time.");
      case 414 -> ApiError.refused(status, null, "The address is too long.");
      case 417 -> ApiError.refused(status, null, "Only 100-continue may be expected.");
      case 426, 505 -> ApiError.refused(status, null, "This server speaks HTTP/1.1.");
      case 431 -> ApiError.refused(status, null, "The headers are too large.");
      case 503 -> ApiError.failed(status, "The server is stopping.");
      default ->
          status < 500
              ? ApiError.refused(status, null, "The request is not valid HTTP" + why(cause) + ".")
              : ApiError.failed(status, "The server failed at this request.");
    };
  }

  /** Jetty's few words for the rule that is broken, which are made for clients. */
  private static String why(Object cause) {
    String reason = cause instanceof HttpException bad ? bad.getReason() : null;
    return reason == null || reason.equals("Bad Request") ? "" : " (" + reason + ")";
  }
}
