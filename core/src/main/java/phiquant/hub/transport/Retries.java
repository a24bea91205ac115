package phiquant.hub.transport;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.concurrent.ThreadLocalRandom;
import phiquant.UserError;

/**
 * Tries again what networks and busy servers let fail, after waiting longer each time, or as long
 * as a server asks for; whoever gets on starts counting anew.
 */
public final class Retries {
  private static final int ATTEMPTS = 6;

  /** If nobody is there, all is said soon. */
  private static final int ATTEMPTS_TO_CONNECT = 3;

  private static final Duration LONGEST = Duration.ofSeconds(8);

  /** Who is told to wait longer is better told so. */
  private static final Duration LONGEST_ASKED = Duration.ofMinutes(5);

  private final Duration first;

  /** Waits so long after the first failure, and twice as long after each further one. */
  public Retries(Duration first) {
    this.first = first;
  }

  /** Something that can fail. */
  public interface Attempt<T> {
    /**
     * Tries.
     *
     * @throws IOException if another attempt may go better
     */
    T run() throws IOException;

    /** Whether the last attempt got on, though it failed. */
    default boolean gotOn() {
      return false;
    }
  }

  /** A server that cannot answer now, or only later. */
  public static final class Busy extends IOException {
    private final int status;
    private final String retryAfter;

    public Busy(Transport.Reply reply) {
      super("it answers with status " + reply.status());
      this.status = reply.status();
      this.retryAfter = reply.headers().firstValue("Retry-After").orElse("");
    }

    /** Whether a status says so. */
    public static boolean is(int status) {
      return status == 408 || status == 429 || status >= 500;
    }
  }

  /**
   * Tries until it goes well.
   *
   * @param what it is about, for messages
   * @throws UserError if it does not
   */
  public <T> T run(String what, Attempt<T> attempt) {
    int failures = 0;
    while (true) {
      try {
        return attempt.run();
      } catch (InterruptedIOException e) {
        if (Thread.currentThread().isInterrupted()) {
          throw interrupted(e);
        }
        failures = next(what, failures, attempt, e); // A time-out is one of these, too.
      } catch (IOException e) {
        failures = next(what, failures, attempt, e);
      }
    }
  }

  private int next(String what, int before, Attempt<?> attempt, IOException failure) {
    int failures = attempt.gotOn() ? 1 : before + 1;
    boolean alone =
        failure instanceof ConnectException || failure instanceof HttpConnectTimeoutException;
    if (failures >= (alone ? ATTEMPTS_TO_CONNECT : ATTEMPTS)) {
      throw HubRefusals.failed(what, failure, alone);
    }
    pause(what, failures, failure);
    return failures;
  }

  private void pause(String what, int failures, IOException failure) {
    Duration wait = first.multipliedBy(1L << (failures - 1));
    wait = wait.compareTo(LONGEST) > 0 ? LONGEST : wait;
    wait = wait.plus(wait.multipliedBy(ThreadLocalRandom.current().nextInt(50)).dividedBy(100));
    if (failure instanceof Busy busy) {
      Duration asked = asked(busy.retryAfter);
      if (asked.compareTo(LONGEST_ASKED) > 0) {
        throw new UserError(
            "%s: the hub asks to wait for %d s.".formatted(what, asked.toSeconds()),
            busy.status == 429
                ? "Too much was asked of it from here; who has a token may ask more (HF_TOKEN)."
                : "Try again then.");
      }
      wait = asked.isPositive() ? asked : wait;
    }
    try {
      Thread.sleep(wait);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(e);
    }
  }

  /** {@code Retry-After}: seconds, or a date (RFC 9110, 10.2.3). */
  private static Duration asked(String retryAfter) {
    if (retryAfter.matches("\\d{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(retryAfter));
    }
    try {
      return Duration.between(
          Instant.now(),
          ZonedDateTime.parse(retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant());
    } catch (DateTimeParseException e) {
      return Duration.ZERO;
    }
  }

  private static UserError interrupted(Exception e) {
    return new UserError("The run was interrupted; nothing was left behind.", e);
  }
}
