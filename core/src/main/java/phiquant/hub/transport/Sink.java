package phiquant.hub.transport;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Function;

/**
 * Takes in the body of an answer as it comes: where it belongs if the answer is what was asked for,
 * or else the beginning of it, which may say what is wrong. Counts, so that who waits sees whether
 * anything comes, and who asks again knows from where.
 */
public final class Sink
    implements HttpResponse.BodyHandler<Void>, HttpResponse.BodySubscriber<Void> {
  private static final int COMPLAINT = 1 << 14;

  private final MemorySegment into;
  private final ByteArrayOutputStream text = new ByteArrayOutputStream();
  private final int most;
  private final Function<HttpResponse.ResponseInfo, Optional<String>> fault;
  private volatile CompletableFuture<Void> done;
  private Flow.Subscription subscription;
  private boolean wanted;
  private volatile long received;
  private volatile long heard = System.nanoTime();
  private volatile String wrong;

  private Sink(
      MemorySegment into, int most, Function<HttpResponse.ResponseInfo, Optional<String>> fault) {
    this.into = into;
    this.most = most;
    this.fault = fault;
  }

  /**
   * Bytes to a place in memory.
   *
   * @param fault what is wrong with the beginning of an answer of 200 or 206, if anything
   */
  public static Sink into(
      MemorySegment into, Function<HttpResponse.ResponseInfo, Optional<String>> fault) {
    return new Sink(into, 0, fault);
  }

  /** A text, or nothing, of no more than so many bytes. */
  public static Sink text(int most) {
    return new Sink(null, most, info -> Optional.empty());
  }

  /** Whether a status says that the body is what was asked for. */
  public static boolean isGood(int status) {
    return status >= 200 && status < 300;
  }

  @Override
  public HttpResponse.BodySubscriber<Void> apply(HttpResponse.ResponseInfo info) {
    heard = System.nanoTime();
    done = new CompletableFuture<>(); // Every answer on the way to the last has a body.
    text.reset();
    wanted = into != null && isGood(info.statusCode());
    if (wanted) {
      fault.apply(info).ifPresent(fact -> wrong = fact);
    }
    return this;
  }

  @Override
  public void onSubscribe(Flow.Subscription given) {
    subscription = given;
    if (wrong == null) {
      given.request(Long.MAX_VALUE);
    } else {
      stop();
    }
  }

  @Override
  public void onNext(List<ByteBuffer> pieces) {
    heard = System.nanoTime();
    for (ByteBuffer piece : pieces) {
      take(piece);
    }
  }

  private void take(ByteBuffer piece) {
    int size = piece.remaining();
    if (!wanted) {
      byte[] bytes = new byte[size];
      piece.get(bytes);
      int room = (into == null ? most : COMPLAINT) - text.size();
      if (into == null && size > room) {
        wrong = "more than " + most + " bytes came";
        stop();
      } else {
        text.write(bytes, 0, Math.min(size, room));
      }
    } else if (received + size > into.byteSize()) {
      wrong = "more bytes came than were asked for";
      stop();
    } else {
      MemorySegment.copy(MemorySegment.ofBuffer(piece), 0, into, received, size);
      received += size;
    }
  }

  private void stop() {
    subscription.cancel();
    done.complete(null);
  }

  @Override
  public void onError(Throwable problem) {
    done.completeExceptionally(problem);
  }

  @Override
  public void onComplete() {
    done.complete(null);
  }

  @Override
  public CompletionStage<Void> getBody() {
    return done;
  }

  /** How many bytes have come to their place. */
  public long received() {
    return received;
  }

  /** When something was last heard of the other side, as {@link System#nanoTime} has it. */
  public long heard() {
    return heard;
  }

  /** What is wrong with the answer, whatever its status says. */
  public Optional<String> wrong() {
    return Optional.ofNullable(wrong);
  }

  /** The text; of an answer that was not asked for its beginning. */
  public byte[] text() {
    return text.toByteArray();
  }

  /** That a body was what it should be. */
  public void check() throws IOException {
    if (wrong != null) {
      throw new IOException(wrong);
    }
  }
}
