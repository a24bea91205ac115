package phiquant.cli;

import phiquant.UserError;

/**
 * How many threads a command may be given. More than the processors only wait for each other, and
 * with very many the system runs out of them.
 */
final class Threads {
  private static final int MOST = 1024;

  private Threads() {}

  /** The number itself, if it is possible. */
  static int checked(int threads) {
    if (threads < 1 || threads > MOST) {
      throw UserError.usage("--threads is " + threads + "; it must be from 1 to " + MOST + ".");
    }
    return threads;
  }
}
