package phiquant.serve;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import phiquant.run.Increment;
import phiquant.run.Reply;
import phiquant.serve.api.Alternative;
import phiquant.serve.api.ApiError;
import phiquant.serve.api.CallReader;
import phiquant.serve.api.Shape;

/**
 * What a request gets, on its way to the client: whole at its end, or as a stream of events while
 * it grows. There may be several alternatives in it.
 */
sealed interface Answer {
  /** Shows that the server is still there; false if the client is not. */
  boolean beat();

  /** Takes the next piece of an alternative, maybe an empty one; false if the client is gone. */
  boolean piece(int alternative, Increment piece);

  /** One alternative is there. */
  void end(int alternative, Reply reply);

  /** All of them are. */
  void end();

  /** Says why there is no answer, or no more of it. */
  void fail(ApiError error);

  private static List<Alternative> alternatives(int count) {
    return Stream.generate(Alternative::new).limit(count).toList();
  }

  /** White space before the JSON, which means nothing, is the sign of life. */
  final class Whole implements Answer {
    private final Exchange exchange;
    private final Shape shape;
    private final List<Alternative> alternatives;
    private final List<Reply> replies = new ArrayList<>();

    Whole(Exchange exchange, Shape shape, int count) {
      this.exchange = exchange;
      this.shape = shape;
      this.alternatives = alternatives(count);
    }

    @Override
    public boolean beat() {
      return exchange.beat(Exchange.JSON, " ");
    }

    @Override
    public boolean piece(int alternative, Increment piece) {
      alternatives.get(alternative).take(piece);
      return beat();
    }

    @Override
    public void end(int alternative, Reply reply) {
      replies.add(reply);
    }

    @Override
    public void end() {
      JsonNode all = shape.whole(alternatives, replies);
      if (exchange.begun()) {
        exchange.end(all.toString());
      } else {
        exchange.send(200, all);
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
    private final List<Alternative> alternatives;
    private final List<Reply> replies = new ArrayList<>();
    private final boolean counts;
    private final int[] said;

    /** With the counts of tokens at the end, or without. */
    Streamed(Exchange exchange, Shape shape, int count, boolean counts) {
      this.exchange = exchange;
      this.shape = shape;
      this.alternatives = alternatives(count);
      this.counts = counts;
      this.said = new int[count];
    }

    @Override
    public boolean beat() {
      return exchange.beat(EVENTS, ":\n\n");
    }

    @Override
    public boolean piece(int index, Increment piece) {
      Alternative alternative = alternatives.get(index);
      List<CallReader.Delta> calls = alternative.take(piece);
      boolean empty = piece.text().isEmpty() && calls.isEmpty() && piece.chances().isEmpty();
      if (empty && alternative.spoke()) {
        return beat();
      }
      int before = said[index];
      said[index] += piece.text().length();
      return exchange.write(EVENTS, event(shape.piece(index, piece, calls, alternative, before)));
    }

    @Override
    public void end(int alternative, Reply reply) {
      replies.add(reply);
      exchange.write(EVENTS, event(shape.last(alternative, alternatives.get(alternative), reply)));
    }

    @Override
    public void end() {
      exchange.end((counts ? event(shape.counts(replies)) : "") + "data: [DONE]\n\n");
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
