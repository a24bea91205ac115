package phiquant.serve;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;
import phiquant.serve.api.ApiError;
import phiquant.serve.api.Asker;
import phiquant.serve.api.Grammars;
import phiquant.serve.api.LogProbabilities;
import phiquant.serve.api.Question;
import phiquant.serve.api.Shape;

/** What is at which address, and by which method. Every request has a virtual thread. */
final class Routes extends Handler.Abstract {
  /** What the page may do: run what is in it, and talk to this server. */
  private static final String PAGE_POLICY =
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
          + " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
          + " frame-ancestors 'none'";

  private static final List<String> READING = List.of("GET", "HEAD");

  private final Session session;
  private final Server.Settings settings;
  private final Patience patience;
  private final Arrivals arrivals;
  private final Reception reception;
  private final SplittableRandom seeds;
  private final Admission admission;
  private final Grammars grammars = new Grammars();

  /**
   * The addresses of one server.
   *
   * @param local whether it is only for its own machine
   */
  Routes(
      Session session,
      Server.Settings settings,
      Patience patience,
      boolean local,
      Arrivals arrivals,
      Reception reception) {
    this.session = session;
    this.settings = settings;
    this.patience = patience;
    this.admission = new Admission(settings.access(), local);
    this.arrivals = arrivals;
    this.reception = reception;
    this.seeds = new SplittableRandom(settings.sampling().seed());
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    Connection connection = request.getConnectionMetaData().getConnection();
    arrivals.arrived(connection);
    Exchange exchange = new Exchange(request, response, patience);
    try {
      admission.check(request, exchange);
      if (!Admission.preflight(request, exchange)) {
        route(request, exchange);
      }
    } catch (RuntimeException | Error e) {
      exchange.refuse(ApiError.of(e));
    }
    Optional<Throwable> failure = exchange.await();
    arrivals.expect(connection);
    failure.ifPresentOrElse(callback::failed, callback::succeeded);
    return true;
  }

  private void route(Request request, Exchange exchange) {
    String coding = request.getHeaders().get(HttpHeader.TRANSFER_ENCODING);
    if (coding != null && !coding.equalsIgnoreCase("chunked")) {
      throw ApiError.refused(501, null, "The only Transfer-Encoding here is chunked.");
    }
    HttpURI address = request.getHttpURI();
    // Jetty leaves out the parameters that a path may have; no place here has any.
    String path = address.getPath().contains(";") ? address.getPath() : address.getDecodedPath();
    String place = path.matches(".+/") ? path.substring(0, path.length() - 1) : path;
    if (!place.matches("/|/health")) {
      admission.requireKey(request, exchange);
    }
    Consumer<Exchange> answer =
        switch (place) {
          case "/" -> Routes::page;
          case "/health" -> to -> to.send(200, health());
          case "/metrics" -> to -> to.send(200, Metrics.TYPE, metrics());
          case "/v1/models" -> to -> to.send(200, models());
          case "/v1/chat/completions" -> to -> complete(to, true);
          case "/v1/completions" -> to -> complete(to, false);
          default -> {
            if (!place.equals("/v1/models/" + settings.name())) {
              throw nothing(place);
            }
            yield to -> to.send(200, model());
          }
        };
    allow(request, exchange, place.endsWith("/completions") ? List.of("POST") : READING);
    answer.accept(exchange);
  }

  /** Whoever forgets that a base URL ends with /v1 is told so. */
  private static ApiError nothing(String place) {
    String hint =
        place.matches("/(chat/completions|completions|models(/.*)?)")
            ? "You may want /v1" + place + ": clients' base URL ends with /v1."
            : "The API is at /v1/chat/completions, /v1/completions and /v1/models.";
    return ApiError.refused(404, "not_found", "There is nothing at " + place + ". " + hint);
  }

  private static void allow(Request request, Exchange exchange, List<String> methods) {
    String asked = request.getMethod();
    if (HttpMethod.fromString(asked) == null) {
      throw ApiError.refused(501, null, "There is no method " + asked + " here.");
    }
    if (!methods.contains(asked)) {
      exchange.header(HttpHeader.ALLOW.asString(), String.join(", ", methods));
      throw ApiError.refused(405, null, "Use " + methods.getFirst() + " here, not " + asked + ".");
    }
  }

  private void complete(Exchange exchange, boolean chat) {
    ObjectNode body = exchange.body().json(settings.bodyBytes());
    Sampling sampling = settings.sampling().withSeed(nextSeed());
    Asker asker = new Asker(session, settings.name(), settings.strictModel(), sampling, grammars);
    Question question = chat ? asker.chat(body) : asker.completion(body);
    LogProbabilities chances =
        question.asked().chances() < 0 ? null : new LogProbabilities(session::bytes);
    Shape shape = Shape.of(chat, settings.name(), chances);
    reception.answer(
        question,
        question.stream()
            ? new Answer.Streamed(exchange, shape, question.alternatives(), question.countsAtEnd())
            : new Answer.Whole(exchange, shape, question.alternatives()));
  }

  private synchronized long nextSeed() {
    return seeds.nextLong();
  }

  private ObjectNode health() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("status", "ok")
        .put("model", settings.name())
        .put("context", session.context())
        .put("requests", reception.present());
  }

  private byte[] metrics() {
    return Metrics.of(reception.counts(), reception.present(), reception.deferred())
        .getBytes(StandardCharsets.UTF_8);
  }

  private ObjectNode models() {
    ObjectNode list = JsonNodeFactory.instance.objectNode().put("object", "list");
    list.putArray("data").add(model());
    return list;
  }

  private ObjectNode model() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", settings.name())
        .put("object", "model")
        .put("created", 0)
        .put("owned_by", "phiquant");
  }

  private static void page(Exchange exchange) {
    try (InputStream page = Routes.class.getResourceAsStream("chat.html")) {
      exchange.header("Content-Security-Policy", PAGE_POLICY);
      exchange.send(200, "text/html; charset=utf-8", page.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
