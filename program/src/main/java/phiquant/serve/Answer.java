package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import phiquant.run.Reply;

/** An answer on its way to a client: whole at its end, or as a stream of events while it grows. */
sealed interface Answer {
  /** Shows that the server is still there; false if the client is not. */
  boolean beat();

  /** Takes the next piece of text, maybe an empty one; false if the client is gone. */
  boolean piece(String text);

  void end(Reply reply);

  /** Says why there is no answer, or no more of it. */
  void fail(ApiError error);

  /** White space before the JSON, which means nothing, is the sign of life. */
  record Whole(Exchange exchange, Shape shape) implements Answer {
    @Override
    public boolean beat() {
      return exchange.beat(Exchange.JSON, " ");
    }

    @Override
    public boolean piece(String text) {
      return beat();
    }

    @Override
    public void end(Reply reply) {
      if (exchange.begun()) {
        exchange.end(shape.whole(reply).toString());
      } else {
        exchange.send(200, shape.whole(reply));
      }
    }

    @Override
    public void fail(ApiError error) {
      exchange.refuse(error);
    }
  }

  /** Server-sent events; comments are the sign of life. */
  final class Streamed implements Answer {
    private static final String EVENTS = "text/event-stream";

    private final Exchange exchange;
    private final Shape shape;
    private final boolean counts;
    private boolean spoke;

    /** With the counts of tokens at the end, or without. */
    Streamed(Exchange exchange, Shape shape, boolean counts) {
      this.exchange = exchange;
      this.shape = shape;
      this.counts = counts;
    }

    @Override
    public boolean beat() {
      return exchange.beat(EVENTS, ":\n\n");
    }

    @Override
    public boolean piece(String text) {
      if (text.isEmpty() && spoke) {
        return beat();
      }
      // The first piece says whose turn it is.
      boolean first = !spoke;
      spoke = true;
      return exchange.write(EVENTS, event(shape.piece(text, first)));
    }

    @Override
    public void end(Reply reply) {
      String end = event(shape.last(reply)) + (counts ? event(shape.counts(reply)) : "");
      exchange.end(end + "data: [DONE]\n\n");
    }

    @Override
    public void fail(ApiError error) {
      if (exchange.begun()) {
        exchange.end(event(error.json()));
      } else {
        exchange.refuse(error);
      }
    }

    /** JSON has no line breaks here, so an event is one line. */
    private static String event(JsonNode json) {
      return "data: " + json + "\n\n";
    }
  }
}
