package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;

/** A client that sends any bytes, in any rhythm, and reads when the test says so. */
final class RawClient implements AutoCloseable {
  private final Socket socket = new Socket();

  RawClient(Server server) throws IOException {
    this(server, 0);
  }

  /** With so many bytes for what it has not read; 0: as usual. */
  RawClient(Server server, int receiveBuffer) throws IOException {
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.connect(new InetSocketAddress("127.0.0.1", server.address().getPort()));
    socket.setSoTimeout(30_000);
  }

  /** What a server says: the status line, headers and body, until it closes the connection. */
  record Response(String text) {
    int status() {
      return Integer.parseInt(text.substring(9, 12));
    }

    String header(String name) {
      return text.lines()
          .takeWhile(line -> !line.isEmpty())
          .filter(line -> line.toLowerCase().startsWith(name.toLowerCase() + ":"))
          .map(line -> line.substring(name.length() + 1).strip())
          .findFirst()
          .orElse("");
    }

    String body() {
      return text.substring(text.indexOf("\r\n\r\n") + 4);
    }

    JsonNode json() throws IOException {
      return new ObjectMapper().readTree(body());
    }

    String message() throws IOException {
      return json().path("error").path("message").asText();
    }
  }

  /** Bytes are written as characters up to U+00FF. */
  RawClient send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  /** Sends no more, but still reads. */
  RawClient end() throws IOException {
    socket.shutdownOutput();
    return this;
  }

  /** All that comes until the server closes the connection. */
  Response response() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      socket.getInputStream().transferTo(all);
    } catch (SocketException e) {
      // The server had not read everything; what it said before is here.
    }
    return new Response(all.toString(StandardCharsets.UTF_8));
  }

  /** A post as a polite client sends it, with a few more lines of headers. */
  static String post(String path, String headers, String body) {
    return "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: %d\r\n\r\n%s"
        .formatted(path, headers, body.length(), body);
  }

  static final String JSON = "Content-Type: application/json\r\n";

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
