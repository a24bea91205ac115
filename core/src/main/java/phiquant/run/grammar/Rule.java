package phiquant.run.grammar;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What a text may be, said over its bytes: a context-free grammar whose rules are objects. Rules
 * are compared by identity, since they may contain themselves.
 */
public abstract sealed class Rule {
  /** As often as one likes. */
  public static final int UNBOUNDED = Integer.MAX_VALUE;

  private Rule() {}

  /** One byte of a set. */
  static final class OneByte extends Rule {
    final BitSet bytes;

    private OneByte(BitSet bytes) {
      this.bytes = bytes;
    }
  }

  /** One token that is no text: a mark that the model was taught. */
  static final class Mark extends Rule {
    final int token;

    private Mark(int token) {
      this.token = token;
    }
  }

  /** One after the other. */
  static final class Sequence extends Rule {
    final List<Rule> parts;

    private Sequence(List<Rule> parts) {
      this.parts = parts;
    }
  }

  /** One of several; of none: nothing, not even the empty text. */
  static final class Choice extends Rule {
    final List<Rule> options;

    private Choice(List<Rule> options) {
      this.options = options;
    }
  }

  /** {@code min} to {@code max} times. */
  static final class Repeat extends Rule {
    final Rule part;
    final int min;
    final int max;

    private Repeat(Rule part, int min, int max) {
      this.part = part;
      this.min = min;
      this.max = max;
    }
  }

  /** A rule that is said after others have referred to it. */
  public static final class Later extends Rule {
    private Rule rule;

    public void is(Rule rule) {
      this.rule = rule;
    }

    public Rule rule() {
      return rule;
    }
  }

  /** One byte from {@code from} to {@code to}, both included. */
  public static Rule range(int from, int to) {
    BitSet bytes = new BitSet(256);
    bytes.set(from, to + 1);
    return new OneByte(bytes);
  }

  /** One of some ASCII characters. */
  public static Rule oneOf(String characters) {
    BitSet bytes = new BitSet(256);
    characters.chars().forEach(bytes::set);
    return new OneByte(bytes);
  }

  /** Exactly this text. */
  public static Rule text(String text) {
    List<Rule> parts = new ArrayList<>();
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      parts.add(range(b & 0xFF, b & 0xFF));
    }
    return new Sequence(List.copyOf(parts));
  }

  public static Rule mark(int token) {
    return new Mark(token);
  }

  public static Rule sequence(Rule... parts) {
    return new Sequence(List.of(parts));
  }

  public static Rule choice(Rule... options) {
    return new Choice(List.of(options));
  }

  public static Rule choice(List<Rule> options) {
    return new Choice(List.copyOf(options));
  }

  public static Rule optional(Rule part) {
    return new Repeat(part, 0, 1);
  }

  public static Rule repeat(Rule part, int min, int max) {
    return new Repeat(part, min, max);
  }
}
