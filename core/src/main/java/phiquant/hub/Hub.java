package phiquant.hub;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.CodedWeights;
import phiquant.hub.transport.Ask;
import phiquant.hub.transport.HubRefusals;
import phiquant.hub.transport.HubSettings;
import phiquant.hub.transport.Retries;
import phiquant.hub.transport.Sink;
import phiquant.hub.transport.Transport;

/**
 * The hub that the environment names: how it is asked. Close it when all that came of it is closed.
 */
public final class Hub implements AutoCloseable {
  /** No listing is larger. */
  private static final int LARGEST_ANSWER = 64 << 20;

  private final Transport transport;
  private final Retries retries;

  /** Asks as these settings say. */
  public Hub(HubSettings settings) {
    this(settings, Duration.ofMillis(500));
  }

  /** Waits so long before it tries again for the first time. */
  Hub(HubSettings settings, Duration first) {
    this.transport = new Transport(settings);
    this.retries = new Retries(first);
  }

  /** The hub of this process's environment. */
  public static Hub ofEnvironment() {
    return new Hub(HubSettings.ofEnvironment());
  }

  /** Where it is, and who asks. */
  public HubSettings settings() {
    return transport.settings();
  }

  /**
   * A model's files in the cache, if all that a checkpoint needs is there; asks nobody.
   *
   * @throws UserError if the cache is damaged
   */
  public static Optional<Path> cached(HubSettings settings, HubName name) {
    return HubCacheFolder.of(settings, name).whole(name);
  }

  /**
   * A model as it lies on the hub, whose weights come while they are read. Closing it closes this.
   *
   * @param codes how an engine that keeps such checkpoints stores what it has quantized
   * @throws UserError if there is none, or it is no checkpoint
   */
  public Checkpoint open(HubName name, CodedWeights codes) {
    return new RemoteCheckpoint(this, HubModel.ask(this, name), codes);
  }

  /**
   * Downloads what a checkpoint needs, and is not there, into the cache.
   *
   * @return the folder of its files
   * @throws UserError if it cannot be got, or not be written
   */
  public Path keep(HubName name, DownloadProgress progress) {
    return new Keep(this, HubModel.ask(this, name), progress).run();
  }

  Transport transport() {
    return transport;
  }

  Retries retries() {
    return retries;
  }

  /** An address of it. */
  public URI address(String path) {
    return address(path, null);
  }

  /** The same with a query. */
  URI address(String path, String query) {
    URI endpoint = settings().endpoint();
    try {
      return new URI(
          endpoint.getScheme(),
          endpoint.getAuthority(),
          (endpoint.getPath() == null ? "" : endpoint.getPath()) + path,
          query,
          null);
    } catch (URISyntaxException e) {
      throw new UserError("'" + path + "' is no address on the hub.", e);
    }
  }

  /** What came of a question whose answer is a text. */
  public record Answer(Transport.Reply reply, byte[] text) {}

  /**
   * Asks until there is an answer.
   *
   * @throws UserError if there is none
   */
  public Answer ask(Ask ask) {
    return retries.run(
        ask.what(),
        () -> {
          Sink sink = Sink.text(LARGEST_ANSWER);
          Transport.Reply reply = transport.exchange(ask, sink);
          sink.check();
          if (Retries.Busy.is(reply.status())) {
            throw new Retries.Busy(reply);
          }
          return new Answer(reply, sink.text());
        });
  }

  /** The same where only success will do. */
  public Answer demand(Ask ask) {
    Answer answer = ask(ask);
    if (!answer.reply().isGood()) {
      throw HubRefusals.of(ask, answer.reply(), settings().token());
    }
    return answer;
  }

  @Override
  public void close() {
    transport.close();
  }
}
