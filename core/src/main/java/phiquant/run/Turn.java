package phiquant.run;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import phiquant.run.attention.KvCache;

/**
 * One of many answers: what was asked, and from when it has its slot on how far its prompt is read
 * and its text has grown. Its listener hears from one thread at a time.
 */
final class Turn {
  private final int[] prompt;
  private final Generation asked;
  private final Predicate<Increment> listener;
  private final CompletableFuture<Reply> reply = new CompletableFuture<>();

  // From when it has its slot on.
  private KvCache cache;
  private GrowingAnswer answer;
  private float[] logits;
  private int reused;
  private long start;
  private long first;
  private int steps;

  /**
   * What the cache shall hold before the next token is chosen: the prompt, and what was chosen. The
   * first {@link #length} are meant; there is room for more, so that a token is added to it and not
   * all of it copied.
   */
  private int[] text;

  private int length;

  Turn(int[] prompt, Generation asked, Predicate<Increment> listener) {
    this.prompt = prompt;
    this.asked = asked;
    this.listener = listener;
  }

  int[] prompt() {
    return prompt;
  }

  Generation asked() {
    return asked;
  }

  CompletableFuture<Reply> reply() {
    return reply;
  }

  KvCache cache() {
    return cache;
  }

  /** Receives what may follow what the cache holds. */
  float[] logits() {
    return logits;
  }

  /** The reply of one that ended before it began. */
  Reply nothing() {
    return new Reply("", "", List.of(), Reply.Finish.CANCELLED, prompt.length, 0, 0, 0, 0);
  }

  /** Whether it is still wanted. */
  boolean isWanted() {
    return tell(Increment.NOTHING);
  }

  private synchronized boolean tell(Increment piece) {
    return listener.test(piece);
  }

  /** Takes a slot, whose cache holds the beginning of the prompt. */
  void begin(Session session, KvCache cache) {
    this.start = System.nanoTime();
    this.cache = cache;
    this.reused = cache.length();
    this.text = prompt;
    this.length = prompt.length;
    this.logits = new float[session.vocabulary()];
    this.answer = session.answer(prompt, asked, this::tell);
    cache.expect(prompt.length);
  }

  /** How many tokens have to be read before one can be chosen. */
  int unread() {
    return length - cache.length();
  }

  /** Whether only the token that was chosen last is unread. */
  boolean steps() {
    return unread() == 1 && length > prompt.length;
  }

  /** The next tokens to be read. */
  int[] next(int count) {
    return Arrays.copyOfRange(text, cache.length(), cache.length() + count);
  }

  /** The token that was chosen last. */
  int token() {
    return text[length - 1];
  }

  /** All is to be read again, because its keys are to be rotated otherwise. */
  void readAgain() {
    cache.truncate(0);
    cache.expect(length);
  }

  /** Chooses a token from the logits after all that was read. */
  void choose() {
    int token = answer.next(logits);
    if (length > prompt.length) {
      steps++;
    } else {
      first = System.nanoTime();
    }
    if (cache.length() >= cache.context()) {
      answer.fill();
    }
    if (answer.grows()) {
      if (length == text.length) {
        text = Arrays.copyOf(text, 2 * length); // At first it is the prompt itself.
      }
      text[length++] = token;
    }
  }

  boolean grows() {
    return answer.grows();
  }

  /** The reply; of an answer that still grows, as far as it has. */
  Reply end() {
    long now = System.nanoTime();
    boolean chose = first != 0;
    long begun = chose ? first : now;
    return answer.reply(reused, (begun - start) / 1e9, steps, begun);
  }

  void fail(Throwable problem) {
    reply.completeExceptionally(problem);
  }
}
