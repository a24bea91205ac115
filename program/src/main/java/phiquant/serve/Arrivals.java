package phiquant.serve;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.Scheduler;
import phiquant.serve.api.ApiError;

/**
 * Closes connections on which no whole request arrives in time, however slowly one does: Jetty's
 * own time begins anew with every byte.
 */
final class Arrivals implements Connection.Listener {
  private final Scheduler scheduler;
  private final Duration patience;
  private final Map<Connection, Scheduler.Task> awaited = new ConcurrentHashMap<>();

  Arrivals(Scheduler scheduler, Duration patience) {
    this.scheduler = scheduler;
    this.patience = patience;
  }

  @Override
  public void onOpened(Connection connection) {
    expect(connection);
  }

  @Override
  public void onClosed(Connection connection) {
    arrived(connection);
  }

  /** From here on a request should come. */
  void expect(Connection connection) {
    long bytes = connection.getBytesIn();
    Runnable late = () -> giveUp(connection, bytes);
    awaited.put(connection, scheduler.schedule(late, patience.toNanos(), TimeUnit.NANOSECONDS));
    if (!connection.getEndPoint().isOpen()) {
      arrived(connection); // Nothing will.
    }
  }

  /** It has come. */
  void arrived(Connection connection) {
    Scheduler.Task late = awaited.remove(connection);
    if (late != null) {
      late.cancel();
    }
  }

  private void giveUp(Connection connection, long bytes) {
    awaited.remove(connection);
    EndPoint client = connection.getEndPoint();
    if (connection.getBytesIn() == bytes) {
      client.close();
      return;
    }
    ApiError late = ApiError.refused(ApiError.LATE, null, "The request did not arrive in time.");
    String body = late.json().toString();
    String answer =
        "HTTP/1.1 408 Request Timeout\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
            .formatted(Exchange.JSON, body.length(), body);
    try {
      client.write(
          Callback.from(client::close, client::close),
          ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
    } catch (RuntimeException e) {
      client.close(); // It has just come, and something else is being written.
    }
  }
}
