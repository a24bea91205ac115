package phiquant.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import phiquant.run.grammar.Constraint;
import phiquant.run.sampling.Sampler;
import phiquant.run.sampling.StopTexts;
import phiquant.tokenizer.TokenStream;
import phiquant.tokenizer.Tokenizer;

/**
 * An answer as it grows: from the logits after what there is to the next token, its text, and where
 * the answer ends. It knows nothing of the model.
 */
final class GrowingAnswer {
  private final int promptTokens;
  private final Generation asked;
  private final Tokenizer tokenizer;
  private final Set<Integer> ends;
  private final Constraint constraint;
  private final Predicate<Increment> listener;
  private final Sampler sampler;
  private final StopTexts stops;
  private final StringBuilder text = new StringBuilder();
  private final StringBuilder calls = new StringBuilder();
  private final List<Integer> tokens = new ArrayList<>();
  private final List<Chances> untold = new ArrayList<>();
  private TokenStream decoder;
  private boolean calling;
  private Reply.Finish finish;

  /**
   * Nothing yet.
   *
   * @param ends tokens that end it
   * @param constraint what it has to be; null for anything
   * @param listener is given each piece, and says whether it wants more
   */
  GrowingAnswer(
      int[] prompt,
      Generation asked,
      Tokenizer tokenizer,
      Set<Integer> ends,
      Constraint constraint,
      Predicate<Increment> listener) {
    this.promptTokens = prompt.length;
    this.asked = asked;
    this.tokenizer = tokenizer;
    this.ends = ends;
    this.constraint = constraint;
    this.listener = listener;
    this.sampler = new Sampler(asked.sampling());
    this.stops = new StopTexts(asked.stops());
    this.decoder = tokenizer.stream();
    for (int token : prompt) {
      if (token >= 0) { // Pictures are not said.
        sampler.saw(token);
      }
    }
  }

  /** Whether it goes on. */
  boolean grows() {
    return finish == null;
  }

  /** Ends it because there is no room for more, if it goes on. */
  void fill() {
    finish = finish == null ? Reply.Finish.LENGTH : finish;
  }

  /**
   * Takes the next token in.
   *
   * @param logits after what there is; changed
   * @return the token, to be read if the answer still grows
   */
  int next(float[] logits) {
    Chances.Before before =
        asked.chances() < 0 ? null : new Chances.Before(logits, asked.chances());
    if (constraint != null) {
      constraint.restrict(logits);
    }
    int token = sampler.next(logits);
    sampler.saw(token);
    if (ends.contains(token)) {
      finish = Reply.Finish.STOP;
      return token;
    }
    tokens.add(token);
    if (before != null) {
      untold.add(before.of(token));
    }
    boolean wanted = take(token);
    if (stops.met()) {
      finish = Reply.Finish.STOP;
    } else if (!wanted) {
      finish = Reply.Finish.CANCELLED;
    } else if (constraint != null && complete(token)) {
      finish = Reply.Finish.STOP;
    } else if (tokens.size() >= asked.maxTokens()) {
      finish = Reply.Finish.LENGTH;
    }
    return token;
  }

  private boolean complete(int token) {
    constraint.saw(token);
    return constraint.complete();
  }

  private boolean take(int token) {
    if (asked.marks().isPresent()) {
      boolean opens = !calling && token == asked.marks().get().open();
      boolean closes = calling && token == asked.marks().get().close();
      if (opens || closes) {
        String rest = rest();
        boolean wanted = give(opens ? rest : "", opens ? "" : rest);
        calling = opens;
        decoder = tokenizer.stream();
        return wanted;
      }
    }
    String piece = decoder.next(token);
    return calling ? give("", piece) : give(stops.next(piece), "");
  }

  /** What was held back. */
  private String rest() {
    return calling ? decoder.end() : stops.next(decoder.end()) + stops.end();
  }

  private boolean give(String more, String moreCalls) {
    text.append(more);
    calls.append(moreCalls);
    Increment piece = new Increment(more, moreCalls, List.copyOf(untold));
    untold.clear();
    return listener.test(piece);
  }

  /**
   * All of it.
   *
   * @param steps tokens that the model read one by one
   * @param first when the first token was chosen, by the clock of nanoseconds
   */
  Reply reply(int reused, double promptSeconds, int steps, long first) {
    if (finish != null && finish != Reply.Finish.CANCELLED) {
      String rest = rest();
      if (!rest.isEmpty()) {
        give(calling ? "" : rest, calling ? rest : "");
      }
    }
    return new Reply(
        text.toString(),
        calls.toString(),
        List.copyOf(tokens),
        finish == null ? Reply.Finish.CANCELLED : finish,
        promptTokens,
        reused,
        promptSeconds,
        steps,
        (System.nanoTime() - first) / 1e9);
  }
}
