package phiquant.run;

import java.util.List;

/**
 * What an answer has grown by.
 *
 * @param text what is certain to be part of its text; may be empty
 * @param calls the same of what stands between the marks of tool calls
 * @param chances of each token that came, if they were asked for
 */
public record Increment(String text, String calls, List<Chances> chances) {
  /** Nothing: a sign of life. */
  static final Increment NOTHING = new Increment("", "", List.of());
}
