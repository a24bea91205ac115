package phiquant.recipe;

import java.util.List;

/**
 * A weight and all that it may become.
 *
 * @param weight its Hugging Face name
 * @param elements how many numbers it has
 * @param options in any order
 */
public record Course(String weight, long elements, List<Option> options) {
  /**
   * A format for it.
   *
   * @param format as the engine names it
   * @param bytes that it takes
   * @param damage what it adds to the divergence from the original, in nats a token
   */
  public record Option(String format, long bytes, double damage) {
    Recipe.Choice choice(long elements) {
      return new Recipe.Choice(format, 8.0 * bytes / elements);
    }
  }

  /** The place of a format among the options, or -1. */
  int indexOf(String format) {
    for (int i = 0; i < options.size(); i++) {
      if (options.get(i).format().equals(format)) {
        return i;
      }
    }
    return -1;
  }
}
