package phiquant.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import phiquant.engine.Checkpoints;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;
import phiquant.serve.Server;

/** A model behind the server, as clients find it. */
record Served(Session session, Server server) implements AutoCloseable {
  static final String QUESTION = "What is the capital of France?";

  /** Of transformers for smolphi-135m (greedy.json). */
  static final String ANSWER = "The capital of France is Paris.";

  /** Of tokens; nobody's answer is as long who hangs up. */
  private static final int CONTEXT = 2048;

  static Served of(Path model) {
    Session session =
        Session.open(Checkpoints.open(model), RunOptions.exact(), OptionalInt.of(CONTEXT));
    Server.Settings settings =
        new Server.Settings("phi", "127.0.0.1", 0, 4, 1 << 20, Sampling.GREEDY);
    return new Served(session, Server.start(session, settings));
  }

  String url() {
    return "http://127.0.0.1:" + server.address().getPort() + "/v1";
  }

  /** Waits until the only client there was has been noticed to be gone, its answer unfinished. */
  void awaitHangUp() throws Exception {
    String said = "";
    for (int i = 0; i < 100 && !said.contains("\"requests\":0"); i++) {
      Thread.sleep(100);
      said = get("/health");
    }
    assertThat(said).contains("\"requests\":0");
    Matcher made =
        Pattern.compile("(?m)^llamacpp:tokens_predicted_total (\\d+)").matcher(get("/metrics"));
    assertThat(made.find()).isTrue();
    assertThat(Integer.parseInt(made.group(1))).isLessThan(CONTEXT / 2);
  }

  private String get(String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(URI.create(url()).resolve(path)).build();
      return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
    }
  }

  @Override
  public void close() {
    server.close();
    session.close();
  }
}
