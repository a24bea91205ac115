package phiquant.cli;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import phiquant.UserError;
import phiquant.engine.Engine;
import phiquant.run.Session;
import phiquant.serve.Access;
import phiquant.serve.Server;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Serves any artifact to the programs of this machine, as OpenAI's API, and to a browser. */
@Command(
    name = "serve",
    description = "Serve a checkpoint or artifact: OpenAI-compatible API and a page to chat.",
    mixinStandardHelpOptions = true,
    footer = {
      "",
      "Example:",
      "  phiquant serve out/Phi-4-mini-instruct-Q4_K_M.gguf",
      "  curl localhost:8080/v1/chat/completions -H 'Content-Type: application/json' \\",
      "    -d '{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"stream\": true}'"
    })
final class ServeCommand implements Callable<Integer> {
  @Parameters(paramLabel = "ARTIFACT", description = "A GGUF file, or an artifact's folder.")
  private Path artifact;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Where to listen; ${DEFAULT-VALUE}, this machine only, unless given.",
      defaultValue = "127.0.0.1")
  private String host;

  @Option(
      names = "--port",
      paramLabel = "N",
      description = "Default: ${DEFAULT-VALUE}; 0 takes a free one.",
      defaultValue = "8080")
  private int port;

  @Option(
      names = "--parallel",
      paramLabel = "N",
      description =
          "So many requests are answered at once; memory follows what they use."
              + " Default: ${DEFAULT-VALUE}.",
      defaultValue = "8")
  private int parallel;

  @Option(
      names = "--queue",
      paramLabel = "N",
      description = "So many requests may wait; more are refused. Default: ${DEFAULT-VALUE}.",
      defaultValue = "64")
  private int queue;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "A request that takes longer is ended. Default: 0, none is.",
      defaultValue = "0")
  private int timeout;

  @Option(
      names = "--max-body",
      paramLabel = "KB",
      description = "How large a request may be. Default: ${DEFAULT-VALUE}.",
      defaultValue = "1024")
  private int maxBody;

  @Option(
      names = "--api-key",
      paramLabel = "KEY",
      description =
          "Requests must bring it along; better given as PHIQUANT_API_KEY, which others on this"
              + " machine do not see.",
      defaultValue = "${env:PHIQUANT_API_KEY}")
  private String apiKey;

  @Option(
      names = "--cors",
      paramLabel = "ORIGIN",
      description = "Pages of this origin may use the server (https://host:port, or *).")
  private List<String> cors = List.of();

  @Option(
      names = "--allow-host",
      paramLabel = "NAME",
      description = "Another name of this machine that requests may have.")
  private List<String> hosts = List.of();

  @Option(
      names = "--strict-model",
      description = "Refuse requests for a model of another name; there is one in any case.")
  private boolean strictModel;

  @Mixin private EngineOptions engine;
  @Mixin private SamplingOptions sampling;

  @Override
  public Integer call() throws InterruptedException {
    require(port >= 0 && port <= 65535, "--port", port, "from 0 to 65535");
    require(parallel >= 1 && parallel <= 64, "--parallel", parallel, "from 1 to 64");
    require(timeout >= 0, "--timeout", timeout, "0 or more");
    require(queue >= 0, "--queue", queue, "0 or more");
    require(maxBody >= 1 && maxBody <= 1 << 20, "--max-body", maxBody, "from 1 to 1048576");
    for (String origin : cors) {
      if (!origin.matches("\\*|[a-z][a-z0-9+.-]*://[^/\\s]+")) {
        throw UserError.usage(
            "--cors is '" + origin + "'; it must be an origin, such as https://example.org, or *.");
      }
    }
    CountDownLatch stop = new CountDownLatch(1);
    CountDownLatch stopped = new CountDownLatch(1);
    // Ctrl-C: what is being answered ends, the files are closed, then the JVM goes on to exit.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(stop, stopped)));
    try (Session session = engine.open(artifact);
        Server server = Server.start(session, settings(session))) {
      System.err.println(
          "Serving "
              + Engine.modelName(artifact)
              + " at "
              + url(server.address())
              + "; Ctrl-C stops.");
      if (!server.address().getAddress().isLoopbackAddress() && key().isEmpty()) {
        System.err.println(
            "warning: whoever reaches this machine can use the model; --api-key asks for a key.");
      }
      stop.await();
    } finally {
      stopped.countDown();
    }
    return 0;
  }

  private Server.Settings settings(Session session) {
    return new Server.Settings(
        Engine.modelName(artifact),
        host,
        port,
        parallel,
        queue,
        Duration.ofSeconds(timeout),
        maxBody << 10,
        sampling.over(session.recommended()),
        strictModel,
        new Access(key(), Set.copyOf(cors), Set.copyOf(hosts)));
  }

  private Optional<String> key() {
    return Optional.ofNullable(apiKey).filter(key -> !key.isEmpty());
  }

  private static String url(InetSocketAddress address) {
    String host = address.getAddress().isAnyLocalAddress() ? "localhost" : address.getHostString();
    return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static void require(boolean right, String option, int value, String range) {
    if (!right) {
      throw UserError.usage(option + " is " + value + "; it must be " + range + ".");
    }
  }

  private static void end(CountDownLatch stop, CountDownLatch stopped) {
    stop.countDown();
    try {
      stopped.await(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
