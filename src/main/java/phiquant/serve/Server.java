package phiquant.serve;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import phiquant.UserError;
import phiquant.run.Sampling;
import phiquant.run.Session;

/**
 * Serves a model over HTTP as OpenAI's API does, so that its clients work with any artifact on this
 * machine, and a page to chat with it in the browser. Every connection has a virtual thread; the
 * model answers one after the other.
 */
public final class Server implements AutoCloseable {
  /** The server gives up on a request that takes longer to arrive. */
  private static final String REQUEST_SECONDS = "60";

  /** What the page may do: run what is in it, and talk to this server. */
  private static final String PAGE_POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
          + " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
          + " frame-ancestors 'none'";

  private final Session session;
  private final Settings settings;
  private final Answerer answerer;
  private final SplittableRandom seeds;
  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  /**
   * How it is served.
   *
   * @param name the model's name for clients
   * @param host the address to listen at
   * @param port the port; 0: a free one
   * @param waiting how many requests may wait while one is answered
   * @param bodyBytes how large a request may be
   * @param sampling how tokens are chosen where a request does not say; its seed begins the row of
   *     seeds for the requests that name none
   */
  public record Settings(
      String name, String host, int port, int waiting, int bodyBytes, Sampling sampling) {}

  private Server(Session session, Settings settings, HttpServer http) {
    this.session = session;
    this.settings = settings;
    this.http = http;
    this.seeds = new SplittableRandom(settings.sampling().seed());
    this.answerer = new Answerer(session, settings.waiting());
  }

  /**
   * Starts to serve.
   *
   * @throws UserError if the address cannot be listened at
   */
  public static Server start(Session session, Settings settings) {
    if (System.getProperty("sun.net.httpserver.maxReqTime") == null) {
      System.setProperty("sun.net.httpserver.maxReqTime", REQUEST_SECONDS);
    }
    try {
      InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
      if (address.isUnresolved()) {
        throw new UserError("There is no host '" + settings.host() + "'.");
      }
      Server server = new Server(session, settings, HttpServer.create(address, 0));
      server.http.createContext("/", server::handle);
      server.http.setExecutor(server.threads);
      server.http.start();
      return server;
    } catch (BindException e) {
      throw new UserError(
          "Port %d of %s cannot be listened at: %s."
              .formatted(settings.port(), settings.host(), e.getMessage()),
          "Choose another with --port.");
    } catch (IOException e) {
      throw new UserError("The server cannot be started: " + e.getMessage() + ".", e);
    }
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return http.getAddress();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (Connection connection = new Connection(exchange)) {
      try {
        checkHost(exchange);
        route(exchange, connection);
      } catch (ApiError e) {
        if (!connection.begun()) {
          connection.send(e.status(), e.json());
        }
      } catch (UserError e) {
        fail(connection, 400, e.getMessage());
      } catch (RuntimeException | Error e) {
        fail(connection, 500, "The server failed: " + e);
      }
    }
  }

  private static void fail(Connection connection, int status, String message) throws IOException {
    if (!connection.begun()) {
      ApiError error =
          status == 400 ? ApiError.wrong(null, message) : ApiError.failed(status, message);
      connection.send(status, error.json());
    }
  }

  /** A page from elsewhere must not reach a local server by a name of its own for this machine. */
  private void checkHost(HttpExchange exchange) {
    String host = String.valueOf(exchange.getRequestHeaders().getFirst("Host"));
    boolean local = host.matches("(?i)(localhost|127\\.0\\.0\\.1|\\[::1\\])(:\\d+)?");
    if (http.getAddress().getAddress().isLoopbackAddress() && !local) {
      throw ApiError.refused(403, null, "This server is for its own machine only.");
    }
  }

  private void route(HttpExchange exchange, Connection connection) throws IOException {
    String path = exchange.getRequestURI().getPath();
    switch (path) {
      case "/" -> {
        allow(exchange, "GET");
        page(exchange, connection);
      }
      case "/health" -> {
        allow(exchange, "GET");
        connection.send(200, health());
      }
      case "/v1/models" -> {
        allow(exchange, "GET");
        ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
        list.putArray("data").add(model());
        connection.send(200, list);
      }
      case "/v1/chat/completions", "/v1/completions" -> {
        allow(exchange, "POST");
        boolean chat = path.startsWith("/v1/chat");
        ObjectNode body = connection.json(settings.bodyBytes());
        Sampling sampling = settings.sampling().withSeed(nextSeed());
        Request request =
            chat
                ? Request.chat(body, session, settings.name(), sampling)
                : Request.completion(body, session, settings.name(), sampling);
        answerer.answer(connection, request, Shape.of(chat, settings.name()));
      }
      default -> {
        if (path.equals("/v1/models/" + settings.name())) {
          allow(exchange, "GET");
          connection.send(200, model());
        } else {
          throw ApiError.refused(404, "not_found", "There is nothing at " + path + ".");
        }
      }
    }
  }

  private synchronized long nextSeed() {
    return seeds.nextLong();
  }

  private static void allow(HttpExchange exchange, String method) {
    String asked = exchange.getRequestMethod();
    if (!asked.equals(method) && !(asked.equals("HEAD") && method.equals("GET"))) {
      exchange.getResponseHeaders().set("Allow", method);
      throw ApiError.refused(405, null, "Use " + method + " here, not " + asked + ".");
    }
  }

  private ObjectNode health() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("status", "ok")
        .put("model", settings.name())
        .put("context", session.context())
        .put("requests", answerer.present());
  }

  private ObjectNode model() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", settings.name())
        .put("object", "model")
        .put("created", 0)
        .put("owned_by", "phiquant");
  }

  private static void page(HttpExchange exchange, Connection connection) throws IOException {
    try (InputStream page = Server.class.getResourceAsStream("chat.html")) {
      exchange.getResponseHeaders().set("Content-Security-Policy", PAGE_POLICY);
      exchange.getResponseHeaders().set("X-Content-Type-Options", "nosniff");
      String html = new String(page.readAllBytes(), StandardCharsets.UTF_8);
      connection.send(200, "text/html; charset=utf-8", html.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Stops: what is being answered ends where it is, and the model is free when this returns. */
  @Override
  public void close() {
    answerer.stop();
    http.stop(0);
    threads.shutdownNow();
  }
}
