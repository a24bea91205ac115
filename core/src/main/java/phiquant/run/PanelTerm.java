package phiquant.run;

import phiquant.model.Linear;
import phiquant.run.matrix.Panels;

/**
 * What a verb gives for many tokens at once: features, or a product that will be. A product waits,
 * because one that is added to the stream is accumulated into it and needs no memory of its own.
 */
sealed interface PanelTerm {

  /** Numbers of each token, which a product may leave rounded as its engine rounds inputs. */
  final class Features implements PanelTerm {
    private final Panels panels;

    /** Makes them again, for a second product with what a first has rounded. */
    private final Runnable again;

    private boolean rounded;

    Features(Panels panels, Runnable again) {
      this.panels = panels;
      this.again = again;
    }

    Features(Panels panels) {
      this(panels, () -> {});
    }

    /** As they are, rounded or not. */
    Panels panels() {
      return panels;
    }

    /** As the verb has made them. */
    Panels unrounded() {
      if (rounded) {
        again.run();
        rounded = false;
      }
      return panels;
    }

    /** Says whether they have been rounded since. */
    void rounded(boolean is) {
      rounded = is;
    }
  }

  /** {@code W · x + b}, not computed yet. */
  record Product(Linear linear, Features x) implements PanelTerm {}
}
