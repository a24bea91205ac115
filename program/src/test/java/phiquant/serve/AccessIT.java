package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/** A server with a key, for pages of one origin, and strict with names (Fetch, 4.8; RFC 6750). */
class AccessIT {
  private static final String ASKED = "{\"prompt\": \"Hi\", \"max_tokens\": 1, \"model\": \"%s\"}";
  private static final String KEY = "Authorization: Bearer s3cret\r\n";

  private static Session session;
  private static Server server;

  @BeforeAll
  static void start() {
    session =
        Session.open(
            Checkpoints.open(Fixtures.tinyPhi35Mini()), RunOptions.exact(), OptionalInt.of(64));
    Access access =
        new Access(Optional.of("s3cret"), Set.of("https://page.example"), Set.of("phi.lan"));
    server =
        Server.start(
            session,
            new Server.Settings(
                "tiny",
                "127.0.0.1",
                0,
                1,
                4,
                Duration.ZERO,
                10_000,
                Sampling.GREEDY,
                true,
                access));
  }

  @AfterAll
  static void stop() {
    server.close();
    session.close();
  }

  private static RawClient.Response ask(String bytes) throws IOException {
    try (RawClient client = new RawClient(server)) {
      return client.send(bytes).end().response();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "Bearer s3cret; 200",
        "bearer s3cret; 200",
        "Bearer s3cre; 401",
        "Bearer s3crets; 401",
        "Bearer; 401",
        "s3cret; 401",
        "Basic s3cret; 401",
      })
  void onlyWhoHasTheKeyIsAnswered(String value, int status) throws IOException {
    String headers = RawClient.JSON + "Authorization: " + value + "\r\n";
    RawClient.Response response =
        ask(RawClient.post("/v1/completions", headers, ASKED.formatted("tiny")));
    assertThat(response.status()).as(response.text()).isEqualTo(status);
    if (status == 401) {
      assertThat(response.header("WWW-Authenticate")).isEqualTo("Bearer");
      assertThat(response.json().path("error").path("code").asText()).isEqualTo("invalid_api_key");
      assertThat(response.text()).doesNotContain("s3cret");
    }
  }

  @Test
  void thePageAndHealthNeedNoKeyAndAllElseDoes() throws IOException {
    for (String open : new String[] {"/", "/health"}) {
      assertThat(ask("GET " + open + " HTTP/1.1\r\nHost: localhost\r\n\r\n").status())
          .isEqualTo(200);
    }
    for (String closed : new String[] {"/v1/models", "/nowhere"}) {
      assertThat(ask("GET " + closed + " HTTP/1.1\r\nHost: localhost\r\n\r\n").status())
          .isEqualTo(401);
    }
  }

  @Test
  void pagesOfOneOriginMayUseIt() throws IOException {
    String page = "Origin: https://page.example\r\n";
    RawClient.Response asks =
        ask(
            "OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                + page
                + "Access-Control-Request-Method: POST\r\n"
                + "Access-Control-Request-Headers: authorization,content-type\r\n\r\n");
    assertThat(asks.status()).as("without a key, as browsers ask").isEqualTo(204);
    assertThat(asks.header("Access-Control-Allow-Origin")).isEqualTo("https://page.example");
    assertThat(asks.header("Access-Control-Allow-Methods")).contains("POST");
    assertThat(asks.header("Access-Control-Allow-Headers")).isEqualTo("authorization,content-type");
    assertThat(asks.header("Vary")).isEqualTo("Origin");
    String headers = RawClient.JSON + KEY + page;
    RawClient.Response answer =
        ask(RawClient.post("/v1/completions", headers, ASKED.formatted("tiny")));
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo("https://page.example");
    RawClient.Response other =
        ask(
            "OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                + "Origin: https://other.example\r\nAccess-Control-Request-Method: POST\r\n\r\n");
    assertThat(other.status()).isEqualTo(403);
    assertThat(other.header("Access-Control-Allow-Origin")).isEmpty();
  }

  @Test
  void otherNamesOfTheMachineAndOfTheModelAreThoseThatAreAllowed() throws IOException {
    String get = "GET /v1/models HTTP/1.1\r\n" + KEY + "Host: ";
    assertThat(ask(get + "phi.lan:8080\r\n\r\n").status()).isEqualTo(200);
    assertThat(ask(get + "other.lan\r\n\r\n").status()).isEqualTo(403);
    RawClient.Response other =
        ask(RawClient.post("/v1/completions", RawClient.JSON + KEY, ASKED.formatted("gpt-5")));
    assertThat(other.status()).isEqualTo(404);
    assertThat(other.message()).contains("gpt-5");
  }
}
