package phiquant.run.sampling;

import java.util.List;

/**
 * Ends an answer at the first of some texts: holds back what may be the beginning of one, so that
 * nothing of it is ever shown.
 */
public final class StopTexts {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean met;

  public StopTexts(List<String> stops) {
    this.stops = stops;
  }

  /** Takes the next piece in; returns what is certain to be part of the answer. */
  public String next(String piece) {
    if (met) {
      return "";
    }
    held.append(piece);
    int end = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (end < 0 || at < end)) {
        end = at;
      }
    }
    met = end >= 0;
    return release(met ? end : held.length() - longestBeginning());
  }

  /** Whether a stop text came. */
  public boolean met() {
    return met;
  }

  /** What is still held back, when the answer ends otherwise. */
  public String end() {
    return met ? "" : release(held.length());
  }

  private String release(int length) {
    String text = held.substring(0, length);
    held.delete(0, length);
    return text;
  }

  /** The length of the longest end of what is held that is the beginning of a stop text. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }
}
