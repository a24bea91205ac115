package phiquant.checkpoint.lora;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import phiquant.UserError;

/**
 * A key of {@code rank_pattern} or {@code alpha_pattern}: a regular expression for the end of a
 * module's name that begins after a dot ({@code get_pattern_key} in peft's utils/other.py). It
 * comes from a file, so that it may look at a name only so often.
 *
 * @param where it stands, for error messages
 */
record ModulePattern(Pattern pattern, String where) {
  private static final int MOST_LOOKS = 1_000_000;

  /**
   * Reads one.
   *
   * @throws UserError if it is no regular expression
   */
  static ModulePattern of(String key, String where) {
    if (key.length() > 1000) {
      throw new UserError(where + " has a key of " + key.length() + " characters.");
    }
    try {
      return new ModulePattern(Pattern.compile("(.*\\.)?(" + key + ")"), where);
    } catch (PatternSyntaxException e) {
      throw new UserError(where + " has the key '" + key + "', which is no regular expression.", e);
    }
  }

  /** Whether the module is meant. */
  boolean matches(String module) {
    try {
      return pattern.matcher(new Counted(module, new int[] {MOST_LOOKS})).matches();
    } catch (TooOften | StackOverflowError e) {
      throw new UserError(where + " has a key that takes too long to match: " + pattern + ".");
    }
  }

  private static final class TooOften extends RuntimeException {}

  /** A text that counts how often it is looked at. */
  private record Counted(String text, int[] left) implements CharSequence {
    @Override
    public char charAt(int index) {
      if (left[0]-- == 0) {
        throw new TooOften();
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.substring(start, end), left);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
