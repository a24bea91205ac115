package phiquant.serve;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import phiquant.run.Answering;
import phiquant.run.Counts;
import phiquant.run.Generation;
import phiquant.run.Reply;
import phiquant.serve.api.ApiError;
import phiquant.serve.api.Question;

/**
 * Receives requests and hands them to the model, which answers several at once. A bounded number
 * may be present; more are sent away at once, since each of them would wait for all before it. An
 * answer ends early when its client hangs up, when it takes too long, or when the server stops.
 */
final class Reception {
  private final Answering answers;
  private final int limit;
  private final int waiting;
  private final Semaphore places;
  private final Duration patience;
  private volatile boolean stopping;

  /**
   * An idle model.
   *
   * @param parallel how many answers grow at once
   * @param waiting how many requests may wait beside those
   * @param patience how long a request may take; zero: any time
   */
  Reception(Answering answers, int parallel, int waiting, Duration patience) {
    this.answers = answers;
    this.waiting = waiting;
    this.limit = (int) Math.min(Integer.MAX_VALUE, (long) parallel + waiting);
    this.places = new Semaphore(limit);
    this.patience = patience;
  }

  /** Requests that are answered or wait. */
  int present() {
    return limit - places.availablePermits();
  }

  /** Requests that wait. */
  int deferred() {
    return answers.waiting();
  }

  /** What was done so far. */
  Counts counts() {
    return answers.counts();
  }

  /** Ends the current answers, refuses those that wait, and returns when the model is free. */
  void stop() {
    stopping = true;
    answers.close();
  }

  /**
   * Answers a request.
   *
   * @throws ApiError at once if too many are waiting
   */
  void answer(Question question, Answer answer) {
    if (!places.tryAcquire()) {
      throw ApiError.busy(waiting);
    }
    long start = System.nanoTime();
    BooleanSupplier late =
        () -> !patience.isZero() && System.nanoTime() - start > patience.toNanos();
    try {
      boolean complete = generate(question, answer, late);
      if (!complete && stopping) {
        answer.fail(ApiError.failed(503, "The server is stopping."));
      } else if (!complete && late.getAsBoolean()) {
        answer.fail(ApiError.overdue(patience.toSeconds()));
      }
    } catch (RuntimeException | Error e) {
      answer.fail(ApiError.of(e));
    } finally {
      places.release();
    }
  }

  /** False if it ended before all was there. */
  private boolean generate(Question question, Answer answer, BooleanSupplier late) {
    for (int i = 0; i < question.alternatives(); i++) {
      int alternative = i;
      Generation asked = question.asked();
      Reply reply =
          answers.grow(
              question.prompt(),
              asked.withSeed(asked.sampling().seed() + i),
              piece -> !stopping && !late.getAsBoolean() && answer.piece(alternative, piece));
      if (reply.finish() == Reply.Finish.CANCELLED) {
        return false;
      }
      answer.end(i, reply);
    }
    answer.end();
    return true;
  }
}
