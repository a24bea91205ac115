package phiquant.serve;

import java.time.Duration;

/**
 * How long the server waits for its clients, and for how many of them, so that those who dawdle
 * hold nothing that others need.
 *
 * @param arrival for a request to arrive on a connection, and again for its body
 * @param reading for a client to take what is sent to it
 * @param connections so many at once; more are let in as others leave
 */
record Patience(Duration arrival, Duration reading, int connections) {
  static final Patience USUAL = new Patience(Duration.ofMinutes(1), Duration.ofSeconds(30), 512);
}
