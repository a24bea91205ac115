package phiquant.serve;

import phiquant.run.Generation;
import phiquant.run.Reply;
import phiquant.run.Session;
import phiquant.serve.api.ApiError;
import phiquant.serve.api.Question;

/**
 * Lets the model answer requests, one after the other. An answer ends early when its client hangs
 * up or the server stops.
 */
final class Answerer {
  private final Session session;
  private final Turns turns;
  private volatile boolean stopping;

  Answerer(Session session, int waiting) {
    this.session = session;
    this.turns = new Turns(waiting);
  }

  /** Requests that are answered or wait. */
  int present() {
    return turns.present();
  }

  /** Ends the current answer, refuses those that wait, and returns when the model is free. */
  void stop() {
    stopping = true;
    turns.drain();
  }

  void answer(Question question, Answer answer) {
    try {
      turns.run(() -> !stopping && answer.beat(), () -> generate(question, answer));
    } catch (RuntimeException | Error e) {
      answer.fail(ApiError.of(e));
      return;
    }
    if (stopping) {
      answer.fail(ApiError.failed(503, "The server is stopping."));
    }
  }

  private void generate(Question question, Answer answer) {
    for (int i = 0; i < question.alternatives(); i++) {
      int alternative = i;
      Generation asked = question.asked();
      Reply reply =
          session.grow(
              question.prompt(),
              asked.withSeed(asked.sampling().seed() + i),
              piece -> !stopping && answer.piece(alternative, piece));
      if (reply.finish() == Reply.Finish.CANCELLED) {
        return;
      }
      answer.end(i, reply);
    }
    answer.end();
  }
}
