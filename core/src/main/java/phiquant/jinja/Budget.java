package phiquant.jinja;

/**
 * What one rendering may cost. Every operation pays before it is done, by what it may take at most,
 * so that a template ends in a bounded time with a bounded memory whatever it says. Counts, not
 * clocks: what is refused here is refused everywhere.
 */
final class Budget {
  /** A conversation of 10,000 turns takes some 500,000. */
  private static final long STEPS = 3_000_000;

  /** Characters and places in lists that are made, whether they are kept or not. */
  private static final long ROOM = 48L << 20;

  /** No prompt is longer, in characters. */
  private static final long OUTPUT = 16L << 20;

  /** Python gives up at some 1000 calls. */
  private static final int DEPTH = 1000;

  /** Characters that are looked at in the time of a step. */
  private static final int SCAN = 256;

  private long steps = STEPS;
  private long room = ROOM;
  private long output = OUTPUT;
  private int depth;

  /** One operation more. */
  void step() {
    steps(1);
  }

  /** So many operations more. */
  void steps(long count) {
    steps -= count;
    if (steps < 0) {
      throw tooMuch("it takes more than " + STEPS + " steps");
    }
  }

  /** So many characters will be read. */
  void scan(double characters) {
    steps(1 + (long) Math.min(Long.MAX_VALUE / 2, characters / SCAN));
  }

  /** So many characters or places of a list will be made. */
  void make(double count) {
    scan(count);
    room -= (long) Math.min(Long.MAX_VALUE / 2, count);
    if (room < 0) {
      throw tooMuch("it makes texts and lists of more than " + ROOM + " characters");
    }
  }

  /** So many characters of the prompt will be written. */
  void write(long characters) {
    output -= characters;
    if (output < 0) {
      throw tooMuch("the prompt has more than " + OUTPUT + " characters");
    }
  }

  /** One level deeper; to be left again. */
  void enter() {
    step();
    if (++depth > DEPTH) {
      throw tooMuch("it is nested more than " + DEPTH + " deep");
    }
  }

  void leave() {
    depth--;
  }

  private static TemplateError tooMuch(String why) {
    return new TemplateError(TemplateError.Kind.TOO_MUCH, why);
  }
}
