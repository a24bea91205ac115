package phiquant.serve;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.Callback;

/**
 * What one client has still to take. The model never waits for a client: pieces are kept until
 * those before them are gone. A client that takes nothing for a while, or lags far behind, is given
 * up.
 */
final class Outbox {
  /** So many bytes may be kept for a client beside what the system's buffers hold. */
  private static final int MOST = 1 << 20;

  private final Content.Sink client;
  private final long patience;
  private final CompletableFuture<Void> sent = new CompletableFuture<>();
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private boolean writing;
  private boolean ended;
  private long since;

  Outbox(Content.Sink client, Duration patience) {
    this.client = client;
    this.patience = patience.toNanos();
  }

  /** Sends a piece as soon as the client takes it; false if the client is gone. */
  synchronized boolean put(byte[] piece) {
    if (sent.isDone()) {
      return false;
    }
    kept.writeBytes(piece);
    write();
    if (kept.size() > MOST || (writing && System.nanoTime() - since > patience)) {
      sent.completeExceptionally(new TimeoutException());
    }
    return !sent.isCompletedExceptionally();
  }

  /** Sends the last piece. */
  synchronized void end(byte[] piece) {
    ended = true;
    kept.writeBytes(piece);
    write();
  }

  private void write() {
    if (writing || sent.isDone() || (kept.size() == 0 && !ended)) {
      return;
    }
    boolean last = ended;
    ByteBuffer piece = ByteBuffer.wrap(kept.toByteArray());
    kept.reset();
    writing = true;
    since = System.nanoTime();
    client.write(last, piece, Callback.from(() -> written(last), sent::completeExceptionally));
  }

  private synchronized void written(boolean last) {
    writing = false;
    if (last) {
      sent.complete(null);
    } else {
      write();
    }
  }

  /**
   * Waits until the client has taken everything.
   *
   * @throws TimeoutException if it does not
   * @throws ExecutionException if it is gone
   */
  void await() throws InterruptedException, ExecutionException, TimeoutException {
    sent.get(patience, TimeUnit.NANOSECONDS);
  }
}
