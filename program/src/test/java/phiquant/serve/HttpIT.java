package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/**
 * Requests as no client library sends them get the status that RFC 9110 and 9112 ask for, as a JSON
 * error in plain words.
 */
class HttpIT {
  private static final String ASKED = "{\"prompt\": \"Hi\", \"max_tokens\": 1}";

  private static Session session;
  private static Server server;

  @BeforeAll
  static void start() {
    session =
        Session.open(
            Checkpoints.open(Fixtures.tinyPhi35Mini()), RunOptions.exact(), OptionalInt.of(64));
    server =
        Server.start(
            session,
            new Server.Settings("tiny", "127.0.0.1", 0, 4, 10_000, Sampling.GREEDY),
            new Patience(Duration.ofSeconds(20), Duration.ofSeconds(5), 16));
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

  /** Ours is a JSON object whatever is wrong, and speaks of no exceptions and classes. */
  private static void refused(RawClient.Response response, int status) throws IOException {
    assertThat(response.status()).as(response.text()).isEqualTo(status);
    assertThat(response.header("Content-Type")).isEqualTo("application/json");
    assertThat(response.json().path("error").path("type").asText()).endsWith("_error");
    assertThat(response.message())
        .as("a sentence in plain words")
        .endsWith(".")
        .doesNotContainIgnoringCase("exception")
        .doesNotContain("java", "jetty", "`");
  }

  /** Sections of RFC 9112; {@code |} ends a line, {@code @ $ %} are lines (see {@link #bytes}). */
  @ParameterizedTest(name = "{0}: {2}")
  @CsvSource(
      delimiter = ';',
      value = {
        "3 a request line has three parts; NONSENSE|@|; 400",
        "2.3 a message says its version; GET /health|@|; 505",
        "2.3 only version 1 is spoken; GET /health HTTP/2.0|@|; 426",
        "2.3 only version 1 is spoken; PRI * HTTP/2.0||SM||; 426",
        "2.2 a line ends with CR LF; GET /health HTTP/1.1\\nHost: localhost\\n\\n; 400",
        "2.2 there is no bare CR; GET /health HTTP/1.1|@X: a\\rb||; 400",
        "3.2 Host is there; GET /health HTTP/1.1||; 400",
        "3.2 Host is there once; GET /health HTTP/1.1|@@|; 400",
        "3.2 Host is a host; GET /health HTTP/1.1|Host: a b||; 400",
        "3.2.2 an absolute target names the same host; GET http://evil/health HTTP/1.1|@|; 400",
        "3.2.3 CONNECT is for proxies; CONNECT localhost:80 HTTP/1.1|@|; 405",
        "3.2.4 nothing is at all addresses; OPTIONS * HTTP/1.1|@|; 404",
        "3.2 a target is bounded; GET /LONG HTTP/1.1|@|; 414",
        "5 headers are bounded; GET /health HTTP/1.1|@X: LONG||; 431",
        "5.1 no space before the colon; GET /health HTTP/1.1|@X : a||; 400",
        "5.1 no line without a colon; GET /health HTTP/1.1|@X||; 400",
        "5.2 no folded lines; GET /health HTTP/1.1|@X: a| b||; 400",
        "5 no NUL in a value; GET /health HTTP/1.1|@X: a\\0b||; 400",
        "6.1 no two ways to frame; POST /v1/completions HTTP/1.1|@Content-Length: 1|%|; 400",
        "6.1 the last coding is chunked; POST /v1/completions HTTP/1.1|@Transfer-Encoding: gzip||; 400",
        "6.1 no other coding is known; POST /v1/completions HTTP/1.1|@Transfer-Encoding: x, chunked||0||; 501",
        "6.3 lengths agree; POST /v1/completions HTTP/1.1|@Content-Length: 1|Content-Length: 2||ab; 400",
        "6.3 a length is not negative; POST /v1/completions HTTP/1.1|@Content-Length: -1||; 400",
        "6.3 a length has no sign; POST /v1/completions HTTP/1.1|@Content-Length: +1||a; 400",
        "6.3 a length is a number; POST /v1/completions HTTP/1.1|@Content-Length: abc||; 400",
        "6.3 a length may overflow; POST /v1/completions HTTP/1.1|@Content-Length: 99999999999999999999||; 400",
        "6.3 a body is as long as it says; POST /v1/completions HTTP/1.1|@$Content-Length: 9||{; 400",
        "7.1 chunks have sizes; POST /v1/completions HTTP/1.1|@$%|zz|; 400",
        "7.1 sizes may overflow; POST /v1/completions HTTP/1.1|@$%|fffffffffffffffff|; 400",
        "7.1 a chunk is as long as it says; POST /v1/completions HTTP/1.1|@$%|1|{}|0||; 400",
        "a TLS greeting; \\26\\3\\1\\2\\0\\1||; 400",
      })
  void framingIsReadByTheRules(String rule, String request, int status) throws IOException {
    refused(ask(bytes(request)), status);
  }

  private static String bytes(String request) {
    return request
        .replace("|", "\r\n")
        .replace("@", "Host: localhost\r\n")
        .replace("$", RawClient.JSON)
        .replace("%", "Transfer-Encoding: chunked\r\n")
        .replace("LONG", "x".repeat(20_000))
        .translateEscapes();
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/models, 200",
    "/v1/models/, 200",
    "/v1/models?x=%zz&y, 200",
    "/v1/models/tiny, 200",
    "/v1/models;a=b, 404",
    "/x/../v1/models, 200",
    "http://localhost/v1/models, 200",
    "//localhost/v1/models, 400",
    "/v1//models, 400",
    "/x/%2e%2e/v1/models, 400",
    "/v1%2fmodels, 400",
    "/%zz, 400",
    "/%00, 400",
    "/%ff, 400",
    "/\u00e9, 400",
    "/V1/models, 404",
    "/models, 404",
    "/v1/models/other, 404",
    "/v1/completions, 405",
  })
  void pathsAreNormalisedOrRefused(String path, int status) throws IOException {
    RawClient.Response response = ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    if (status == 200) {
      assertThat(response.text()).startsWith("HTTP/1.1 200").contains("\"id\":\"tiny\"");
    } else {
      refused(response, status);
    }
  }

  @Test
  void methodsAreKnownAndFit() throws IOException {
    RawClient.Response wrong = ask("DELETE /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    refused(wrong, 405);
    assertThat(wrong.header("Allow")).isEqualTo("GET, HEAD");
    refused(ask("OPTIONS /v1/completions HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
    refused(ask("get /health HTTP/1.1\r\nHost: localhost\r\n\r\n"), 501);
    RawClient.Response head = ask("HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.header("Content-Length")).isNotEqualTo("0");
    assertThat(head.body()).isEmpty();
  }

  @Test
  void requestsInARowAreAnsweredInTheirOrder() throws IOException {
    String both =
        "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /no HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assertThat(ask(both).text()).matches("(?s)HTTP/1.1 200.*HTTP/1.1 404.*");
  }

  @Test
  void aTooLargeBodyIsSaidToWhoeverStillSendsIt() throws IOException {
    String large = "x".repeat(3_000_000);
    refused(ask(RawClient.post("/v1/completions", RawClient.JSON, large)), 413);
    String chunk = "186a0\r\n" + "x".repeat(100_000) + "\r\n";
    String chunked =
        "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
            + RawClient.JSON
            + "Transfer-Encoding: chunked\r\n\r\n";
    refused(ask(chunked + chunk.repeat(20) + "0\r\n\r\n"), 413);
    refused(ask(RawClient.post("/nowhere", RawClient.JSON, large)), 404);
    String waits = RawClient.JSON + "Expect: 100-continue\r\n";
    refused(ask(RawClient.post("/v1/completions", waits, "").replace(": 0", ": 10001")), 413);
    refused(ask(RawClient.post("/v1/completions", "Expect: tea\r\n", "")), 417);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/json | 200",
        "Application/JSON;charset=UTF-8 | 200",
        "application/json ; charset=\"utf-8\" | 200",
        "application/json;; a=\"b\\\"; charset=x\" | 200",
        "application/json; charset=latin1 | 415",
        "application/json; charset=utf-8; charset=utf-16 | 415",
        "application/json; charset | 415",
        "application/jsonx | 415",
        "application/json, text/plain | 415",
        "text/plain | 415",
        "'' | 415",
      })
  void contentTypesAreReadByTheirGrammar(String type, int status) throws IOException {
    RawClient.Response response =
        ask(RawClient.post("/v1/completions", "Content-Type: " + type + "\r\n", ASKED));
    assertThat(response.status()).as(response.text()).isEqualTo(status);
  }

  @Test
  void aBodyIsOneTextInUtf8() throws IOException {
    refused(ask(RawClient.post("/v1/completions", "", ASKED)), 415);
    refused(json("{\"prompt\": \"\u00ff\"}"), 400);
    refused(json("{\"prompt\": \"\u00c0\u0080\"}"), 400); // Longer than need be.
    refused(json(ASKED.replaceAll("(.)", "$1\0")), 400); // UTF-16.
    refused(json("{\"prompt\": \"\\ud800\"}"), 400);
    assertThat(json("{\"prompt\": \"\\ud83d\\ude00\\u0000\", \"max_tokens\": 1}").status())
        .isEqualTo(200);
    String brotli = RawClient.JSON + "Content-Encoding: br\r\n";
    refused(ask(RawClient.post("/v1/completions", brotli, ASKED)), 415);
  }

  /** RFC 1952; what is small may be large when it is unpacked. */
  @Test
  void aBodyMayBeZipped() throws IOException {
    String headers = RawClient.JSON + "Content-Encoding: gzip\r\n";
    refused(ask(RawClient.post("/v1/completions", headers, ASKED)), 400);
    String zipped = zipped(ASKED);
    assertThat(ask(RawClient.post("/v1/completions", headers, zipped)).status()).isEqualTo(200);
    String cut = zipped.substring(0, zipped.length() - 12);
    refused(ask(RawClient.post("/v1/completions", headers, cut)), 400);
    String bomb = zipped("{\"prompt\": \"" + " ".repeat(1 << 20) + "\"}");
    assertThat(bomb.length()).isLessThan(10_000);
    refused(ask(RawClient.post("/v1/completions", headers, bomb)), 413);
  }

  private static String zipped(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toString(StandardCharsets.ISO_8859_1);
  }

  /** Whoever forgets /v1, or sets a slash too many, reads what to do. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "/chat/completions; 404; want /v1/chat/completions",
        "/models; 404; want /v1/models",
        "/v1//chat/completions; 400; doubled slash",
        "//v1/models; 400; doubled slash",
        "/v1/v1/models; 404; The API is at /v1/chat/completions",
      })
  void addressesThatAreNearlyRightGetAHint(String path, int status, String says)
      throws IOException {
    RawClient.Response response = ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    refused(response, status);
    assertThat(response.message()).contains(says);
  }

  /** As the JDK's client does, and with it LangChain4j's. */
  @Test
  void anOfferOfHttp2IsIgnored() throws IOException {
    String offer =
        RawClient.JSON
            + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    String request =
        RawClient.post("/v1/completions", offer, ASKED).replace("Connection: close\r\n", "");
    assertThat(ask(request).status()).isEqualTo(200);
  }

  private static RawClient.Response json(String body) throws IOException {
    return ask(RawClient.post("/v1/completions", RawClient.JSON, body));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "{} x",
        "{\"prompt\": \"x\", \"prompt\": \"y\"}",
        "{\"prompt\": NaN}",
        "{\"prompt\": \"x\", \"temperature\": 1e999}",
        "{\"prompt\": \"x\", \"seed\": 99999999999999999999}",
        "{\"prompt\": \"x\", \"max_tokens\": 99999999999}",
        "{\"prompt\": \"x\", \"top_p\": \"1\"}",
        "{\"prompt\": \"x\", \"stop\": {\"a\": 1}}",
        "{\"prompt\": \"x\", \"stream\": 1}",
        "{\"prompt\": [-1]}",
        "{\"prompt\": [99999999999]}",
        "{\"prompt\": [null]}",
        "{\"prompt\": {}}",
        "DEEP",
        "LONG NUMBER",
      })
  void jsonThatCannotBeAnsweredIsRefused(String body) throws IOException {
    String filled =
        switch (body) {
          case "DEEP" -> "[".repeat(9000);
          case "LONG NUMBER" -> "{\"prompt\": \"x\", \"temperature\": " + "1".repeat(200) + "}";
          default -> body;
        };
    refused(json(filled), 400);
  }

  /** A page's origin is scheme, host and port (RFC 6454, 4); programs send none. */
  @ParameterizedTest
  @CsvSource({
    "localhost:8080, http://localhost:8080, 200",
    "127.0.0.1, http://127.0.0.1, 200",
    "LocalHost:1, http://localhost:1, 200",
    "[::1]:8080, http://[::1]:8080, 200",
    "localhost, null, 403",
    "localhost:8080, http://localhost:3000, 403",
    "[::1]:8080, http://[::1], 403",
    "localhost, http://evil.example, 403",
    "evil.example, http://evil.example, 403",
    "localhost.evil.example, http://localhost, 403",
  })
  void pagesFromElsewhereAreRefused(String host, String origin, int status) throws IOException {
    RawClient.Response response =
        ask("GET /health HTTP/1.1\r\nHost: %s\r\nOrigin: %s\r\n\r\n".formatted(host, origin));
    assertThat(response.status()).as(response.text()).isEqualTo(status);
    String twice = "Origin: http://localhost\r\nOrigin: http://evil.example\r\n";
    refused(ask(RawClient.post("/v1/completions", RawClient.JSON + twice, ASKED)), 403);
  }
}
