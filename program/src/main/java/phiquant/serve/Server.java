package phiquant.serve;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import phiquant.UserError;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/**
 * Serves a model over HTTP as OpenAI's API does, so that its clients work with any artifact on this
 * machine, and a page to chat with it in the browser. Jetty reads HTTP, in its strictest mode: the
 * JDK's own server lets doubtful requests pass and answers others with the names of exceptions.
 */
public final class Server implements AutoCloseable {
  /** Bytes that a request's first line and headers may have. */
  private static final int HEADER_BYTES = 16 << 10;

  /** What the system keeps for a client beside {@link Outbox}; its own measure is megabytes. */
  private static final int SEND_BUFFER = 64 << 10;

  /** How long answers that have ended may take to arrive when the server stops. */
  private static final long STOP_MILLISECONDS = 2000;

  private final org.eclipse.jetty.server.Server http;
  private final ServerConnector connector;
  private final Reception reception;

  /**
   * How it is served.
   *
   * @param name the model's name for clients
   * @param host the address to listen at
   * @param port the port; 0: a free one
   * @param parallel how many requests are answered at once
   * @param waiting how many more may wait
   * @param timeout how long a request may take; zero: any time
   * @param bodyBytes how large a request may be
   * @param sampling how tokens are chosen where a request does not say; its seed begins the row of
   *     seeds for the requests that name none
   * @param strictModel whether requests for a model of another name are refused
   * @param access who may use it
   */
  public record Settings(
      String name,
      String host,
      int port,
      int parallel,
      int waiting,
      Duration timeout,
      int bodyBytes,
      Sampling sampling,
      boolean strictModel,
      Access access) {
    /** One request after the other, for everybody on this machine, by any model's name. */
    public Settings(
        String name, String host, int port, int waiting, int bodyBytes, Sampling sampling) {
      this(name, host, port, 1, waiting, Duration.ZERO, bodyBytes, sampling, false, Access.OPEN);
    }
  }

  private Server(
      org.eclipse.jetty.server.Server http, ServerConnector connector, Reception reception) {
    this.http = http;
    this.connector = connector;
    this.reception = reception;
  }

  /**
   * Starts to serve.
   *
   * @throws UserError if the address cannot be listened at
   */
  public static Server start(Session session, Settings settings) {
    return start(session, settings, Patience.USUAL);
  }

  static Server start(Session session, Settings settings, Patience patience) {
    InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
    if (address.isUnresolved()) {
      throw new UserError("There is no host '" + settings.host() + "'.");
    }
    QueuedThreadPool threads = new QueuedThreadPool();
    threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
    threads.setDaemon(true);
    org.eclipse.jetty.server.Server http =
        new org.eclipse.jetty.server.Server(
            threads, new ScheduledExecutorScheduler(null, true), null);
    ServerConnector connector = connector(http, address, patience);
    Arrivals arrivals = new Arrivals(connector.getScheduler(), patience.arrival());
    connector.addBean(arrivals);
    http.addConnector(connector);
    http.addBean(new NetworkConnectionLimit(patience.connections(), connector));
    Reception reception =
        new Reception(
            session.together(settings.parallel()),
            settings.parallel(),
            settings.waiting(),
            settings.timeout());
    boolean local = address.getAddress().isLoopbackAddress();
    http.setHandler(
        new GracefulHandler(new Routes(session, settings, patience, local, arrivals, reception)));
    http.setErrorHandler(new Refusals());
    http.setStopTimeout(STOP_MILLISECONDS);
    try {
      start(http, settings);
    } catch (UserError e) {
      reception.stop();
      throw e;
    }
    return new Server(http, connector, reception);
  }

  private static ServerConnector connector(
      org.eclipse.jetty.server.Server http, InetSocketAddress address, Patience patience) {
    HttpConfiguration rules = new HttpConfiguration();
    rules.setHttpCompliance(HttpCompliance.STRICT);
    rules.setUriCompliance(UriCompliance.RFC3986);
    rules.setRequestHeaderSize(HEADER_BYTES);
    rules.setSendServerVersion(false);
    ServerConnector connector = new ServerConnector(http, 1, 1, new HttpConnectionFactory(rules));
    connector.setHost(address.getAddress().getHostAddress());
    connector.setPort(address.getPort());
    // The last resort: whoever waits for something here has a shorter time of its own.
    connector.setIdleTimeout(2 * patience.arrival().toMillis());
    connector.setAcceptedSendBufferSize(SEND_BUFFER);
    return connector;
  }

  private static void start(org.eclipse.jetty.server.Server http, Settings settings) {
    try {
      http.start();
    } catch (Exception e) {
      if (e instanceof IOException && e.getCause() instanceof BindException cause) {
        throw new UserError(
            "Port %d of %s cannot be listened at: %s."
                .formatted(settings.port(), settings.host(), cause.getMessage()),
            "Choose another with --port.");
      }
      throw new UserError("The server cannot be started: " + e.getMessage() + ".", e);
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return new InetSocketAddress(connector.getHost(), connector.getLocalPort());
  }

  /** Stops: what is being answered ends where it is, and the model is free when this returns. */
  @Override
  public void close() {
    reception.stop();
    try {
      http.stop();
    } catch (Exception e) {
      // The process is about to end, and takes the sockets along.
    }
  }
}
