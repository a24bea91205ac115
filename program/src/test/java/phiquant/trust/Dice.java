package phiquant.trust;

import java.util.Collection;
import java.util.List;
import java.util.SplittableRandom;

/** Chance, and the values that programs stumble over. All of it follows from a seed. */
record Dice(SplittableRandom random) {
  private static final List<Long> EDGES =
      List.of(
          0L,
          1L,
          -1L,
          2L,
          7L,
          31L,
          255L,
          256L,
          65_536L,
          1L << 24,
          (1L << 31) - 1,
          1L << 31,
          (1L << 32) - 1,
          1L << 32,
          1L << 40,
          1L << 62,
          Long.MAX_VALUE,
          Long.MIN_VALUE,
          Long.MAX_VALUE - 7);

  private static final List<Double> NUMBERS =
      List.of(
          0.0,
          -0.0,
          -1.0,
          1e-300,
          1e-45,
          1e300,
          3.5e38,
          -1e-6,
          0.5,
          1.5,
          1e18,
          Double.NaN,
          Double.POSITIVE_INFINITY,
          Double.NEGATIVE_INFINITY);

  static final List<String> NAMES =
      List.of(
          "",
          " ",
          ".",
          "..",
          "../escape",
          "/etc/hostname",
          "a/b",
          "a\\b",
          "\0",
          "a\0b",
          "line\nbreak",
          "\u001b[31mred",
          "\u202eright to left",
          "é",
          "😀",
          "\ud800",
          "__metadata__",
          "%s%n%d",
          "{{ 1 }}",
          "NaN",
          "-1",
          "null");

  /** Less than a bound. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  boolean oneIn(int n) {
    return random.nextInt(n) == 0;
  }

  <T> T pick(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  <T> T pick(Collection<T> choices) {
    return pick(List.copyOf(choices));
  }

  @SafeVarargs
  final <T> T of(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** A count, length or offset where one of that value stood. */
  long edge(long value) {
    return switch (random.nextInt(6)) {
      case 0 -> value + 1;
      case 1 -> value - 1;
      case 2 -> value * of(2, 3, 8, 1000);
      case 3 -> value / 2;
      case 4 -> -value;
      default -> pick(EDGES);
    };
  }

  double number() {
    return pick(NUMBERS);
  }

  /** A text for a name or anything else. */
  String text() {
    if (oneIn(10)) {
      return of("x", "é", "\0", "[", "a b ").repeat(of(300, 5_000, 100_000));
    }
    return pick(NAMES);
  }
}
