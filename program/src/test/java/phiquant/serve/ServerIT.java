package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;
import phiquant.run.RunOptions;
import phiquant.run.Session;
import phiquant.run.sampling.Sampling;

/** OpenAI's own client talks to the server; clients that hang up or send nonsense do no harm. */
class ServerIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static Server serve(Session session, String name, int waiting) {
    return Server.start(
        session, new Server.Settings(name, "127.0.0.1", 0, waiting, 1 << 20, Sampling.GREEDY));
  }

  private static String url(Server server) {
    return "http://127.0.0.1:" + server.address().getPort();
  }

  private static JsonNode drive(String... arguments) throws IOException {
    return JSON.readTree(
        Engines.run(Engines.python("openai"), "engines/openai_driver.py", arguments));
  }

  @Test
  void theClientOfOpenAiGetsWhatItExpects() throws IOException {
    JsonNode seen;
    try (Session session =
            Session.open(
                Checkpoints.open(Fixtures.smolPhi135m()), RunOptions.exact(), OptionalInt.of(512));
        Server server = serve(session, "smolphi", 4)) {
      seen = drive("tour", url(server), "smolphi");
    }
    assertThat(seen.path("models").toString()).isEqualTo("[\"smolphi\"]");
    assertThat(seen.path("model").asText()).isEqualTo("smolphi");
    answers(seen);
    streams(seen);
    refusals(seen.path("errors"));
  }

  /** The text is transformers' (greedy.json). */
  private static void answers(JsonNode seen) {
    String paris = "The capital of France is Paris.";
    JsonNode chat = seen.path("chat");
    assertThat(chat.path("text").asText()).isEqualTo(paris);
    assertThat(chat.path("role").asText()).isEqualTo("assistant");
    assertThat(chat.path("finish").asText()).isEqualTo("stop");
    assertThat(chat.path("usage").path("prompt_tokens").asInt()).isEqualTo(37);
    assertThat(chat.path("usage").path("completion_tokens").asInt()).isEqualTo(7);
    assertThat(chat.path("usage").path("total_tokens").asInt()).isEqualTo(44);
    assertThat(seen.path("parts").asText()).isEqualTo(paris);
    assertThat(seen.path("other_name").asText())
        .as("whatever the model is called")
        .isEqualTo(paris);
    assertThat(seen.path("stopped").toString())
        .isEqualTo("[\"The capital of France is \",\"stop\"]");
    assertThat(seen.path("same_seed").asBoolean()).isTrue();
    assertThat(seen.path("other_seeds").asBoolean()).as("each request draws anew").isTrue();
    assertThat(seen.path("completion").toString()).isEqualTo("[\" 6, 7, 8, 9, 10\",\"length\"]");
    assertThat(seen.path("default_tokens").asInt()).isEqualTo(16);
  }

  private static void streams(JsonNode seen) {
    JsonNode stream = seen.path("chat_stream");
    StringBuilder text = new StringBuilder();
    stream.path("pieces").forEach(piece -> text.append(piece.isNull() ? "" : piece.asText()));
    assertThat(text.toString()).isEqualTo(seen.path("chat").path("text").asText());
    assertThat(stream.path("pieces").size()).as("one for each token at least").isGreaterThan(7);
    assertThat(stream.path("roles").get(0).asText()).isEqualTo("assistant");
    JsonNode finishes = stream.path("finishes");
    assertThat(finishes.get(finishes.size() - 1).asText()).isEqualTo("stop");
    assertThat(stream.path("ids").asInt()).isEqualTo(1);
    assertThat(stream.path("usage").path("prompt_tokens_details").path("cached_tokens").asInt())
        .as("the same prompt a second time")
        .isEqualTo(36);
    assertThat(seen.path("completion_stream").asText()).isEqualTo(" 6, 7, 8, 9, 10");
  }

  private static void refusals(JsonNode errors) {
    refused(errors, "no_messages", 400, "messages");
    refused(errors, "long", 400, "512 together");
    assertThat(errors.path("long").path("code").asText()).isEqualTo("context_length_exceeded");
    refused(errors, "image", 400, "data:image");
    refused(errors, "role", 400, "role");
    refused(errors, "tools", 400, "no place for tools");
    refused(errors, "choice", 400, "tool_choice");
    refused(errors, "format", 400, "response_format");
    refused(errors, "logprobs", 400, "logprobs");
    refused(errors, "hot", 400, "temperature");
    refused(errors, "many", 400, "from 1 to 512");
    refused(errors, "two", 400, "n must be from 1 to 16");
    refused(errors, "retrieve", 404, "/v1/models/gpt-5");
    refused(errors, "embeddings", 404, "/v1/embeddings");
    refused(errors, "tokens", 400, "tokens");
    refused(errors, "empty", 400, "empty");
    refused(errors, "body", 413, "1048576 bytes");
  }

  private static void refused(JsonNode errors, String name, int status, String says) {
    assertThat(errors.path(name).path("status").asInt()).as(name).isEqualTo(status);
    assertThat(errors.path(name).path("message").asText()).as(name).contains(says);
  }

  @Test
  void eightClientsAtOnceGetRightAnswersAndLeaveNothingBehind() throws Exception {
    UnixOperatingSystemMXBean system =
        (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    try (Session session =
            Session.open(
                Checkpoints.open(Fixtures.tinyPhi35Mini()),
                RunOptions.exact(),
                OptionalInt.of(1024));
        Server server = serve(session, "tiny", 64)) {
      drive("load", url(server), "tiny", "2", "2"); // Until everything is loaded.
      long files = system.getOpenFileDescriptorCount();
      long heap = heap();
      JsonNode counts = drive("load", url(server), "tiny", "8", "12");
      assertThat(counts.path("wrong")).as(counts.toPrettyString()).isEmpty();
      for (String kind : new String[] {"whole", "streamed", "hung_up", "refused"}) {
        assertThat(counts.path(kind).asInt()).as(kind).isPositive();
      }
      assertThat(counts.path("busy").asInt()).isZero();
      // Those who hung up are noticed when the next piece is written to them.
      await(server, 0);
      assertThat(heap() - heap).as("bytes kept").isLessThan(30 << 20);
      assertThat(system.getOpenFileDescriptorCount()).isLessThanOrEqualTo(files + 4);
    }
  }

  private static long heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static void await(Server server, int requests) throws Exception {
    for (int i = 0; i < 100; i++) {
      HttpResponse<String> health = get(url(server) + "/health");
      if (JSON.readTree(health.body()).path("requests").asInt() == requests) {
        return;
      }
      Thread.sleep(100);
    }
    assertThat(get(url(server) + "/health").body()).contains("\"requests\":" + requests);
  }

  private static HttpResponse<String> get(String url) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void aFullQueueIsSaidAtOnceAndStoppingEndsTheAnswer() throws Exception {
    Socket first;
    try (Session session =
            Session.open(
                Checkpoints.open(Fixtures.tinyPhi35Mini()),
                RunOptions.exact(),
                OptionalInt.of(2048));
        Server server = serve(session, "tiny", 0)) {
      first = post(server, "\"stream\": true, \"max_tokens\": 2000");
      assertThat(line(first.getInputStream())).contains("200 OK");
      try (Socket second = post(server, "\"max_tokens\": 1")) {
        assertThat(line(second.getInputStream())).contains("503");
      }
      assertThat(get(url(server) + "/health").body()).contains("\"requests\":1");
    }
    try (first) {
      String rest = new String(first.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(rest)
          .contains("data: {")
          .contains("data: {\"error\":{\"message\":\"The server is stopping.\"")
          .endsWith("}}\n\n")
          .doesNotContain("[DONE]");
    }
  }

  private static Socket post(Server server, String fields) throws IOException {
    String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], " + fields + "}";
    Socket socket = new Socket("127.0.0.1", server.address().getPort());
    socket.setSoTimeout(60_000);
    OutputStream out = socket.getOutputStream();
    out.write(
        ("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: "
                + body.length()
                + "\r\n\r\n"
                + body)
            .getBytes(StandardCharsets.UTF_8));
    out.flush();
    return socket;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      line.append((char) c);
    }
    return line.toString();
  }

  @Test
  void pagesFromElsewhereCannotReachALocalServer() throws Exception {
    try (Session session =
            Session.open(
                Checkpoints.open(Fixtures.tinyPhi35Mini()),
                RunOptions.exact(),
                OptionalInt.of(64));
        Server server = serve(session, "tiny", 1);
        Socket socket = new Socket("127.0.0.1", server.address().getPort())) {
      socket
          .getOutputStream()
          .write("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".getBytes(StandardCharsets.UTF_8));
      assertThat(line(socket.getInputStream())).contains("403");
      // A form of another page can send text/plain without asking.
      try (HttpClient client = HttpClient.newHttpClient()) {
        HttpRequest form =
            HttpRequest.newBuilder(URI.create(url(server) + "/v1/completions"))
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\": \"x\"}"))
                .build();
        assertThat(client.send(form, HttpResponse.BodyHandlers.ofString()).statusCode())
            .isEqualTo(415);
      }
    }
  }

  @Test
  void theBrowsersPageSendsAMessageAndShowsTheAnswerAsItComes() throws Exception {
    try (Session session =
            Session.open(
                Checkpoints.open(Fixtures.smolPhi135m()), RunOptions.exact(), OptionalInt.of(512));
        Server server = serve(session, "smolphi", 4);
        Browser browser = Browser.open(url(server) + "/")) {
      browser.await("document.getElementById('model')?.textContent == 'smolphi'");
      browser.type("What is the capital of France?");
      browser.key("Enter");
      browser.await("document.querySelector('.assistant .text')?.textContent.length > 3");
      browser.await("!document.querySelector('.busy')");
      assertThat(browser.evaluate("document.querySelector('.assistant .text').textContent"))
          .isEqualTo("The capital of France is Paris.");
      assertThat(browser.evaluate("document.querySelector('.counts:not(:empty)').textContent"))
          .startsWith("7 tokens");
      assertThat(browser.evaluate("document.getElementById('question').value")).isEmpty();
      // What the model or the user writes is text, never HTML.
      browser.type("<img src=x onerror=alert(1)>");
      browser.key("Enter");
      browser.await("document.querySelectorAll('.assistant .text')[1]?.textContent.length > 0");
      assertThat(browser.evaluate("String(document.querySelectorAll('img').length)"))
          .isEqualTo("0");
      Path shot = Path.of("program", "target", "chat.png");
      browser.screenshot(shot);
      assertThat(shot).isNotEmptyFile();
      browser.key("Enter"); // An empty message sends nothing.
      browser.evaluate("document.getElementById('reset').click()");
      assertThat(browser.evaluate("String(document.querySelectorAll('.turn').length)"))
          .isEqualTo("0");
    }
  }
}
