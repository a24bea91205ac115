package phiquant.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;

/**
 * The page of docs/browser in a real Chromium: WebAssembly runs the model in the page. The server
 * here gives the page and transformers.js; the model's folder is chosen on the disk.
 */
class BrowserPageIT {
  private static final Map<String, String> TYPES =
      Map.of(".html", "text/html", ".js", "text/javascript", ".mjs", "text/javascript");

  @TempDir Path out;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer server;

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    files("/page/", Path.of("docs/browser"));
    files("/modules/", Engines.transformersJs().resolve("node_modules"));
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    threads.close();
  }

  private void files(String at, Path folder) {
    server.createContext(at, exchange -> answer(exchange, at, folder));
  }

  private static void answer(HttpExchange exchange, String at, Path folder) throws IOException {
    Path file = folder.resolve(exchange.getRequestURI().getPath().substring(at.length()));
    boolean found = Files.isRegularFile(file);
    String name = file.getFileName().toString();
    String ending = name.substring(Math.max(name.lastIndexOf('.'), 0));
    exchange
        .getResponseHeaders()
        .add("Content-Type", TYPES.getOrDefault(ending, "application/wasm"));
    exchange.sendResponseHeaders(found ? 200 : 404, found ? Files.size(file) : -1);
    try (exchange) {
      if (found) {
        Files.copy(file, exchange.getResponseBody());
      }
    }
  }

  @Test
  void aChosenFolderAnswersInThePage() throws Exception {
    Path folder;
    try (Checkpoint source = Checkpoints.open(Fixtures.smolPhi135m())) {
      folder = Quantize.of(source).to("onnx:int4,for=web").into(out).getFirst();
    }
    String page =
        "http://127.0.0.1:%d/page/index.html".formatted(server.getAddress().getPort())
            + "?library=/modules/@huggingface/transformers/dist/transformers.min.js"
            + "&runtime=/modules/onnxruntime-web/dist/";
    try (Browser browser = Browser.open(page)) {
      browser.await("document.getElementById('folder')?.onchange");
      browser.choose("#folder", folder);
      String status = "document.getElementById('status').textContent";
      browser.await(status + ".startsWith('Ready') || document.querySelector('.failed')");
      assertThat(browser.evaluate(status)).startsWith("Ready: q4 on wasm");
      browser.type("What is the capital of France?");
      browser.key("Enter");
      browser.await("document.querySelector('.assistant.done')");
      assertThat(browser.evaluate("document.querySelector('.assistant').textContent"))
          .startsWith("The capital of France is Paris");
      browser.screenshot(Path.of("program", "target", "browser.png"));
    }
  }
}
