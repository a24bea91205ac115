package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.Predicate;
import phiquant.run.Reply;
import phiquant.run.Session;

/**
 * Lets the model answer requests, one after the other, whole or piece by piece. An answer ends
 * early when its client hangs up or the server stops.
 */
final class Answerer {
  private static final String JSON = "application/json";
  private static final String EVENTS = "text/event-stream";

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

  void answer(Connection connection, Request request, Shape shape) {
    turns.run(
        () -> {
          if (stopping) {
            throw ApiError.failed(503, "The server is stopping.");
          }
          if (request.stream()) {
            stream(connection, request, shape);
          } else {
            whole(connection, request, shape);
          }
        });
  }

  private void whole(Connection connection, Request request, Shape shape) {
    Reply reply =
        session.generate(
            request.prompt(), request.asked(), piece -> !stopping && connection.wait(JSON, " "));
    if (reply.finish() != Reply.Finish.CANCELLED) {
      connection.finish(shape.whole(reply));
    }
  }

  private void stream(Connection connection, Request request, Shape shape) {
    // The first piece says whose turn it is; what is refused is refused before it.
    Predicate<String> piece =
        text ->
            !connection.begun()
                ? connection.write(EVENTS, event(shape.piece(text, true)))
                : text.isEmpty()
                    ? connection.wait(EVENTS, ":\n\n")
                    : connection.write(EVENTS, event(shape.piece(text, false)));
    Reply reply =
        session.generate(request.prompt(), request.asked(), text -> !stopping && piece.test(text));
    if (reply.finish() == Reply.Finish.CANCELLED) {
      return;
    }
    String end = event(shape.last(reply));
    if (request.countsAtEnd()) {
      end += event(shape.counts(reply));
    }
    connection.write(EVENTS, end + "data: [DONE]\n\n");
  }

  /** JSON has no line breaks here, so an event is one line. */
  private static String event(JsonNode json) {
    return "data: " + json + "\n\n";
  }
}
