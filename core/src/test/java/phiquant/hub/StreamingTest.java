package phiquant.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.mlx.MlxTensors;
import phiquant.hub.transport.HubSettings;

/** Weights from a hub, held against the same file on the disk; and hubs that are not well. */
class StreamingTest {
  private static final String ID = "owner/small";
  private static final List<String> TARGETS =
      List.of("gguf:Q4_K_M", "mlx:4bit", "onnx:int4", "openvino:int4", "onnx:fp16");
  private static Map<String, byte[]> expected;

  @TempDir static Path shared;
  private static Path model;

  @TempDir Path folder;
  private TestHub hub;

  @BeforeEach
  void begin() throws IOException {
    if (model == null) {
      model = SmallModel.write(shared.resolve("small"));
    }
    hub = new TestHub(Files.createDirectory(folder.resolve("storage")));
    hub.add(ID, model);
  }

  @AfterEach
  void end() {
    hub.close();
    assertThat(hub.leaked).isEmpty();
  }

  private HubSettings settings(String... more) {
    Map<String, String> environment = new HashMap<>(hub.environment(folder.resolve("cache")));
    for (int i = 0; i < more.length; i += 2) {
      environment.put(more[i], more[i + 1]);
    }
    return HubSettings.of(environment);
  }

  private Checkpoint open(String name, String... more) {
    return new Hub(settings(more), Duration.ofMillis(2))
        .open(HubName.parse(name), MlxTensors.CODES);
  }

  private static List<Path> quantize(Checkpoint checkpoint, Path out) {
    Quantize quantize = Quantize.of(checkpoint).threads(3);
    TARGETS.forEach(quantize::to);
    return quantize.into(out);
  }

  private static Map<String, byte[]> bytes(Path folder) throws IOException {
    Map<String, byte[]> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        all.put(folder.relativize(file).toString(), Files.readAllBytes(file));
      }
    }
    return all;
  }

  private void assertEqualToLocal() throws IOException {
    if (expected == null) {
      try (Checkpoint local = Checkpoints.open(model)) {
        quantize(local, folder.resolve("local"));
      }
      expected = bytes(folder.resolve("local"));
    }
    try (Checkpoint remote = open(ID)) {
      quantize(remote, folder.resolve("remote"));
    }
    Map<String, byte[]> made = bytes(folder.resolve("remote"));
    assertThat(made.keySet()).isEqualTo(expected.keySet());
    assertThat(made).allSatisfy((name, bytes) -> assertThat(bytes).isEqualTo(expected.get(name)));
  }

  @Test
  void whatIsStreamedIsQuantizedToTheSameBytesAndTransferredOnce() throws IOException {
    assertEqualToLocal();
    long weights = 0;
    for (String name : List.of("1", "2")) {
      weights += Files.size(model.resolve("model-0000" + name + "-of-00002.safetensors"));
    }
    // Beside the weights their headers, once more, and the tokenizer.
    assertThat(hub.stored.get()).isBetween(weights, weights + 2_000_000);
    assertThat(folder.resolve("cache")).doesNotExist();
  }

  @Test
  void connectionsThatAreCutOffGoOnWhereTheyEnded() throws IOException {
    hub.cut = 0.3;
    assertEqualToLocal();
  }

  @Test
  void toLookReadsHeadersOnly() {
    try (Checkpoint remote = open(ID)) {
      Quantize quantize = Quantize.of(remote).to("gguf:Q4_K_M");
      assertThat(quantize.outline().getFirst().name()).isEqualTo("small-Q4_K_M.gguf");
    }
    assertThat(hub.stored.get()).isLessThan(2_000_000);
  }

  @Test
  void aBusyHubIsAskedAgainWhenItSays() throws IOException {
    AtomicInteger refused = new AtomicInteger();
    hub.fault =
        exchange -> {
          int n = refused.incrementAndGet();
          if (n % 3 != 0 || n > 30) {
            return false;
          }
          exchange.getResponseHeaders().set("Retry-After", "0");
          TestHub.refuse(exchange, n % 2 == 0 ? 429 : 503, "", "");
          return true;
        };
    assertEqualToLocal();
    assertThat(refused.get()).isGreaterThan(10);
  }

  @Test
  void anAddressOfTheStorageThatExpiresIsAskedForAgain() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    hub.fault =
        exchange -> {
          boolean old =
              exchange.getRequestURI().toString().contains("signature")
                  && asked.incrementAndGet() == 4;
          if (old) {
            TestHub.refuse(exchange, 403, "", "");
          }
          return old;
        };
    assertEqualToLocal();
  }

  private void assertRefused(String name, String... saying) {
    Path out = folder.resolve("out");
    assertThatThrownBy(
            () -> {
              try (Checkpoint remote = open(name)) {
                quantize(remote, out);
              }
            })
        .isInstanceOfSatisfying(
            UserError.class,
            error ->
                assertThat((error.getMessage() + " " + error.hint()).replace('\n', '|'))
                    .contains(saying)
                    .doesNotContain("|", "hf_", "secret"));
    assertThat(out)
        .satisfiesAnyOf(
            path -> assertThat(path).doesNotExist(), path -> assertThat(path).isEmptyDirectory());
  }

  @Test
  void aWrongByteIsFoundAndNothingAppears() throws IOException {
    Path changed = Files.createDirectory(folder.resolve("changed"));
    String name = "model-00002-of-00002.safetensors";
    Path file = Files.copy(model.resolve(name), changed.resolve(name));
    TestRepository repository = hub.models.get(ID);
    repository.add(name, file);
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 100_001] ^= 1;
    Files.write(file, bytes, StandardOpenOption.TRUNCATE_EXISTING);
    assertRefused(ID, "model-00002-of-00002.safetensors", "its hash differs");
  }

  /** The commit, the hub's word on the file, and the storage's: each is looked at every time. */
  @ParameterizedTest
  @ValueSource(strings = {"X-Repo-Commit", "X-Linked-Etag", "ETag"})
  void aFileThatChangesBetweenTwoRequestsEndsTheRun(String header) {
    AtomicInteger asked = new AtomicInteger();
    hub.fault =
        exchange -> {
          boolean weights = exchange.getRequestURI().toString().contains("signature");
          boolean part = exchange.getRequestHeaders().containsKey("Range");
          if (weights && part && asked.incrementAndGet() % 3 == 0) {
            exchange.getResponseHeaders().set("Content-Range", partly(exchange));
            exchange.getResponseHeaders().set(header, "\"" + "0".repeat(40) + "\"");
            exchange.sendResponseHeaders(206, 10);
            exchange.getResponseBody().write(new byte[10]);
            return true;
          }
          return false;
        };
    assertRefused(ID, "was changed on the hub while it was read");
  }

  /** Ten bytes of what is asked for. */
  private String partly(HttpExchange exchange) {
    String from =
        exchange.getRequestHeaders().getFirst("Range").replaceAll("bytes=(\\d+)-.*", "$1");
    String sha256 = exchange.getRequestURI().getPath().substring(1);
    long size =
        hub.models.get(ID).files.values().stream()
            .filter(file -> sha256.equals(file.sha256()))
            .findFirst()
            .orElseThrow()
            .size();
    return "bytes %s-%d/%d".formatted(from, Long.parseLong(from) + 9, size);
  }

  @ParameterizedTest
  @ValueSource(strings = {"html", "length", "whole", "empty", "file", "scheme", "circle", "500"})
  void aHubThatIsNoneIsRefusedInOneLine(String kind) {
    hub.fault =
        exchange -> {
          String address = exchange.getRequestURI().toString();
          boolean weights = address.contains("signature");
          return switch (kind) {
            case "html" -> address.contains("/api/") && html(exchange);
            case "length" -> weights && part(exchange, "bytes 0-9/10", 10);
            case "whole" -> weights && whole(exchange);
            case "empty" -> weights && part(exchange, "bytes 0-0/1", 0);
            case "file" -> address.contains("/resolve/") && lead(exchange, "file:///etc/passwd");
            case "scheme" -> address.contains("/resolve/") && lead(exchange, "ftp://127.0.0.1/x");
            case "circle" -> address.contains("/resolve/") && lead(exchange, address);
            default -> address.contains("/tree/") && fail(exchange);
          };
        };
    String said =
        switch (kind) {
          case "html" -> "what answers is no hub; it sent text/html";
          case "length", "empty" -> "another part comes than was asked for";
          case "whole" -> "the whole file comes where a part of it was asked for";
          case "file", "scheme" -> "where phiquant does not go";
          case "circle" -> "redirects in a circle";
          default -> "it answers with status 500";
        };
    assertRefused(ID, said);
  }

  private static boolean html(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
    byte[] page = "<html>Log in".getBytes();
    exchange.sendResponseHeaders(200, page.length);
    exchange.getResponseBody().write(page);
    return true;
  }

  private static boolean part(HttpExchange exchange, String range, int count) throws IOException {
    exchange.getResponseHeaders().set("Content-Range", range);
    exchange.sendResponseHeaders(206, count == 0 ? -1 : count);
    exchange.getResponseBody().write(new byte[count]);
    return true;
  }

  private static boolean whole(HttpExchange exchange) throws IOException {
    exchange.sendResponseHeaders(200, 50_000_000);
    exchange.getResponseBody().write(new byte[1 << 20]);
    return true;
  }

  private static boolean lead(HttpExchange exchange, String to) throws IOException {
    exchange.getResponseHeaders().set("Location", to);
    exchange.sendResponseHeaders(302, -1);
    return true;
  }

  private static boolean fail(HttpExchange exchange) throws IOException {
    TestHub.refuse(exchange, 500, "", "");
    return true;
  }

  @Test
  void aListingThatLeadsOutOfItsFolderIsRefused() throws IOException {
    hub.models.get(ID).add("../../evil.json", model.resolve("config.json"), false);
    assertRefused(ID, "'../../evil.json', which leads out of its folder");
  }

  @Test
  void aRepositoryWithoutSafetensorsSaysWhatItHas() throws IOException {
    TestRepository other = new TestRepository();
    other.add("config.json", model.resolve("config.json"), false);
    other.add("pytorch_model.bin", model.resolve("README.md"), true);
    hub.models.put("owner/other", other);
    assertRefused("owner/other", "has no weights as safetensors", "config.json, pytorch_model.bin");
  }

  @Test
  void whoMayNotReadIsToldWhatToDo() {
    hub.models.get(ID).isGated = true;
    assertRefused(ID, "owner/small is gated", "set HF_TOKEN");
    assertRefused("owner/nothing", "does not exist on the hub", "for a private model set HF_TOKEN");
    hub.models.get(ID).isPrivate = true;
    hub.models.get(ID).isGated = false;
    assertRefused(ID, "does not exist on the hub");
    assertThatThrownBy(() -> open(ID, "HF_TOKEN", "hf_wrong"))
        .hasMessage("The hub does not accept the token from HF_TOKEN.");
    assertThatThrownBy(() -> open(ID + "@other", "HF_TOKEN", TestHub.TOKEN))
        .hasMessage("owner/small@other has no such revision.");
    assertThatThrownBy(() -> open(ID, "HF_HUB_OFFLINE", "1"))
        .hasMessageContaining("HF_HUB_OFFLINE forbids to ask the hub");
  }

  @Test
  void aTokenOpensWhatIsPrivateAndReachesTheHubAlone() throws IOException {
    hub.models.get(ID).isPrivate = true;
    Path file = Files.writeString(folder.resolve("token"), TestHub.TOKEN + "\n");
    try (Checkpoint remote = open(ID, "HF_TOKEN_PATH", file.toString())) {
      assertThat(quantize(remote, folder.resolve("out"))).hasSize(TARGETS.size());
    }
    assertThat(hub.requests("signature")).isNotEmpty();
  }

  @Test
  void whatMustBeSeenTwiceAsksToBeKept() {
    try (Checkpoint remote = open(ID)) {
      Quantize twice = Quantize.of(remote).to("openvino:int4,ratio=0.6");
      assertThat(twice.outline()).hasSize(1);
      assertThatThrownBy(() -> twice.into(folder.resolve("out")))
          .isInstanceOfSatisfying(
              UserError.class, error -> assertThat(error.hint()).startsWith("Give --keep"));
    }
  }

  @Test
  void aHubThatIsNotThereIsSaidSoon() {
    hub.close();
    assertRefused(ID, "owner/small is not here, and the hub cannot be reached");
  }
}
