package phiquant.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.engines.Engines;
import phiquant.fixtures.Fixtures;

/**
 * Checkpoints and artifacts in an object store: that of moto, which PyPI ships as a server of S3's
 * protocol, by Hadoop's own {@code s3a:}; and through Hadoop's {@code file:}, whose files cannot be
 * sent in pieces.
 */
class StoreIT {
  private static final List<String> TARGETS =
      List.of("gguf:Q4_K_M", "onnx:int4", "openvino:int4,group=32", "mlx:4bit,group=32");

  private static final List<String> STORED =
      quantize("s3a://models/tiny-phi-4-mini", "s3a://models/out");

  @TempDir Path folder;

  private final Path model = Fixtures.tinyPhi4Mini();

  private final Map<String, String> conf =
      new HashMap<>(
          Map.of(
              "spark.hadoop.fs.s3a.path.style.access", "true",
              "spark.hadoop.fs.s3a.access.key", "any",
              "spark.hadoop.fs.s3a.secret.key", "any",
              "spark.hadoop.fs.s3a.endpoint.region", "us-east-1"));

  private Process server;

  @BeforeEach
  void startServer() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    Path python = Engines.python("s3");
    server =
        new ProcessBuilder(
                python.toString(), "-m", "moto.server", "-H", "127.0.0.1", "-p", port + "")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("server.txt").toFile())
            .start();
    String endpoint = "http://127.0.0.1:" + port;
    conf.put("spark.hadoop.fs.s3a.endpoint", endpoint);
    for (int code = 0; code != 200; ) {
      assertThat(server.isAlive()).as(Files.readString(folder.resolve("server.txt"))).isTrue();
      try {
        code = put("/models", BodyPublishers.noBody());
      } catch (IOException e) {
        Thread.sleep(100); // It is not there yet.
      }
    }
  }

  private int put(String path, BodyPublisher body) throws Exception {
    URI address = URI.create(conf.get("spark.hadoop.fs.s3a.endpoint") + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(address).PUT(body).build();
      return client.send(request, BodyHandlers.discarding()).statusCode();
    }
  }

  /** As S3 takes files from anybody. */
  private void put(Path model, String address) throws Exception {
    try (Stream<Path> files = Files.list(model)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        int code = put(address + "/" + file.getFileName(), BodyPublishers.ofFile(file));
        assertThat(code).isEqualTo(200);
      }
    }
  }

  @AfterEach
  void stopServer() {
    server.destroyForcibly();
  }

  @Test
  void bytesInAStoreAreTheSingleMachines() throws Exception {
    quantizeAlone();
    put(model, "/models/tiny-phi-4-mini");
    assertEnded(0, SparkHome.submit(ClusterIT.MASTER, conf, STORED));
    try (FileSystem store = store()) {
      assertThat(names(store, "s3a://models/out")).containsExactlyElementsOf(names("alone"));
      store.copyToLocalFile(path("s3a://models/out"), path(folder.resolve("stored").toString()));
    }
    assertSameFiles("stored");
  }

  @Test
  @Tag("slow")
  void whatIsNotedIsNotMadeAgainAndWhatIsNotIsNeverWrittenOver() throws Exception {
    put(model, "/models/tiny-phi-4-mini");
    assertEnded(0, SparkHome.submit("local[2]", conf, STORED));
    SparkHome.Ended again = assertEnded(0, SparkHome.submit("local[2]", conf, STORED));
    assertThat(again.err()).contains("tiny-phi-4-mini-Q4_K_M.gguf is complete");
    try (FileSystem store = store()) {
      assertThat(store.delete(path("s3a://models/out/.phiquant-made"), true)).isTrue();
    }
    SparkHome.Ended refused = assertEnded(1, SparkHome.submit("local[2]", conf, STORED));
    assertThat(refused.err()).contains("exists already");
  }

  @Test
  @Tag("slow")
  void whereFilesCannotBeSentInPiecesTheDriverJoinsThem() throws Exception {
    quantizeAlone();
    String files = "file://" + folder.resolve("streamed");
    assertEnded(0, SparkHome.submit("local[2]", Map.of(), quantize("file://" + model, files)));
    assertSameFiles("streamed");
  }

  private void quantizeAlone() throws Exception {
    String out = folder.resolve("alone").toString();
    assertEnded(0, SparkHome.alone(quantize(model.toString(), out)));
  }

  private static List<String> quantize(String model, String out) {
    List<String> arguments = new ArrayList<>(List.of("quantize", model));
    TARGETS.forEach(target -> arguments.addAll(List.of("--to", target)));
    arguments.addAll(List.of("-o", out));
    return arguments;
  }

  private SparkHome.Ended assertEnded(int code, ProcessBuilder process) throws Exception {
    SparkHome.Ended ended = SparkHome.run(process, folder);
    assertThat(ended.code()).as(ended.err()).isEqualTo(code);
    return ended;
  }

  private FileSystem store() throws IOException {
    Configuration configuration = new Configuration();
    conf.forEach((key, value) -> configuration.set(key.replace("spark.hadoop.", ""), value));
    return FileSystem.newInstance(URI.create("s3a://models"), configuration);
  }

  private static org.apache.hadoop.fs.Path path(String address) {
    return new org.apache.hadoop.fs.Path(address);
  }

  /** All that is visible; also says that no parts were left. */
  private static List<String> names(FileSystem store, String root) throws IOException {
    List<String> names = new ArrayList<>();
    var files = store.listFiles(path(root), true);
    while (files.hasNext()) {
      names.add(files.next().getPath().toString().substring(root.length() + 1));
    }
    return names.stream().filter(name -> !name.startsWith(".phiquant-made")).sorted().toList();
  }

  private List<String> names(String name) throws IOException {
    Path root = folder.resolve(name);
    try (Stream<Path> all = Files.walk(root)) {
      return all.filter(Files::isRegularFile)
          .map(file -> root.relativize(file).toString())
          .filter(file -> !file.startsWith(".phiquant-made") && !file.endsWith(".crc"))
          .sorted()
          .toList();
    }
  }

  private void assertSameFiles(String other) throws IOException {
    assertThat(names(other)).isEqualTo(names("alone")).hasSizeGreaterThan(10);
    for (String file : names("alone")) {
      Path one = folder.resolve("alone").resolve(file);
      assertThat(Files.mismatch(one, folder.resolve(other).resolve(file))).as(file).isEqualTo(-1);
    }
  }
}
