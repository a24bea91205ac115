package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import phiquant.engines.Engines;

/** A real, headless Chromium with one page, driven over its DevTools protocol. */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Process process;
  private final Path profile;
  private final HttpClient http = HttpClient.newHttpClient();
  private final BlockingQueue<JsonNode> answers = new LinkedBlockingQueue<>();
  private WebSocket socket;
  private int id;

  private Browser(Process process, Path profile) {
    this.process = process;
    this.profile = profile;
  }

  static Browser open(String url) throws Exception {
    Path profile = Files.createTempDirectory("browser");
    Process process =
        new ProcessBuilder(
                Engines.chromium(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--window-size=900,700",
                "--remote-debugging-port=0",
                "--remote-allow-origins=*",
                "--user-data-dir=" + profile,
                url)
            .start();
    Browser browser = new Browser(process, profile);
    try {
      browser.connect(url);
    } catch (Exception e) {
      browser.close();
      throw e;
    }
    return browser;
  }

  private void connect(String url) throws Exception {
    BufferedReader err =
        new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
    String line = err.readLine();
    while (line != null && !line.startsWith("DevTools listening on ")) {
      line = err.readLine();
    }
    Thread.ofVirtual().start(() -> err.lines().forEach(rest -> {}));
    String host = URI.create(line.substring("DevTools listening on ".length())).getAuthority();
    String page = null;
    for (int i = 0; i < 100 && page == null; i++) {
      HttpResponse<String> list =
          http.send(
              HttpRequest.newBuilder(URI.create("http://" + host + "/json/list")).build(),
              HttpResponse.BodyHandlers.ofString());
      for (JsonNode each : JSON.readTree(list.body())) {
        if (each.path("url").asText().equals(url)) {
          page = each.path("webSocketDebuggerUrl").asText();
        }
      }
      Thread.sleep(50);
    }
    socket = http.newWebSocketBuilder().buildAsync(URI.create(page), new Listener()).join();
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder text = new StringBuilder();

    @Override
    public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        try {
          answers.add(JSON.readTree(text.toString()));
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
        text.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  private JsonNode call(String method, ObjectNode parameters) throws Exception {
    ObjectNode call = JSON.createObjectNode().put("id", ++id).put("method", method);
    call.set("params", parameters);
    socket.sendText(call.toString(), true).join();
    for (; ; ) {
      JsonNode answer = answers.poll(60, TimeUnit.SECONDS);
      assertThat(answer).as(method).isNotNull();
      if (answer.path("id").asInt() == id) {
        assertThat(answer.has("error")).as(answer.toString()).isFalse();
        return answer.path("result");
      }
    }
  }

  /** The value of a JavaScript expression, as text. */
  String evaluate(String expression) throws Exception {
    JsonNode result =
        call(
            "Runtime.evaluate",
            JSON.createObjectNode().put("expression", expression).put("returnByValue", true));
    assertThat(result.has("exceptionDetails")).as(result.toString()).isFalse();
    return result.path("result").path("value").asText();
  }

  /** Waits until an expression is true, a minute at most. */
  void await(String expression) throws Exception {
    for (int i = 0; i < 600; i++) {
      if (evaluate("Boolean(" + expression + ")").equals("true")) {
        return;
      }
      Thread.sleep(100);
    }
    assertThat(evaluate("document.body.innerText")).as(expression).isNull();
  }

  /** Chooses a folder, where a page asks for one. */
  void choose(String selector, Path folder) throws Exception {
    JsonNode root = call("DOM.getDocument", JSON.createObjectNode()).path("root");
    ObjectNode query = JSON.createObjectNode().put("selector", selector);
    query.set("nodeId", root.path("nodeId"));
    ObjectNode choice = JSON.createObjectNode();
    choice.set("nodeId", call("DOM.querySelector", query).path("nodeId"));
    choice.putArray("files").add(folder.toString());
    call("DOM.setFileInputFiles", choice);
  }

  /** Types into what has the focus. */
  void type(String text) throws Exception {
    call("Input.insertText", JSON.createObjectNode().put("text", text));
  }

  /** Presses and releases a key. */
  void key(String name) throws Exception {
    ObjectNode key = JSON.createObjectNode().put("key", name).put("code", name);
    key.put("windowsVirtualKeyCode", 13).put("text", "\r");
    call("Input.dispatchKeyEvent", key.deepCopy().put("type", "keyDown"));
    key.remove("text");
    call("Input.dispatchKeyEvent", key.put("type", "keyUp"));
  }

  void screenshot(Path png) throws Exception {
    JsonNode shot = call("Page.captureScreenshot", JSON.createObjectNode().put("format", "png"));
    Files.write(png, Base64.getDecoder().decode(shot.path("data").asText()));
  }

  @Override
  public void close() throws IOException {
    if (socket != null) {
      socket.abort();
    }
    http.close();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly().onExit().join();
    try (var files = Files.walk(profile)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
