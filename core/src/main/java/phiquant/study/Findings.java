package phiquant.study;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import phiquant.model.PhiModel;

/** What studies have found, or what is assumed until they are made. */
public final class Findings {
  private final Map<Study<?>, Object> found;
  private final boolean assumed;

  private Findings(Map<Study<?>, Object> found, boolean assumed) {
    this.found = found;
    this.assumed = assumed;
  }

  /**
   * Makes studies.
   *
   * @param make gives a study's own kind of finding
   */
  public static Findings of(Collection<Study<?>> studies, Function<Study<?>, Object> make) {
    return of(studies, make, false);
  }

  /** What could be found, for outlines. */
  public static Findings assumed(Collection<Study<?>> studies, PhiModel model) {
    return of(studies, study -> study.assumed(model), true);
  }

  private static Findings of(
      Collection<Study<?>> studies, Function<Study<?>, Object> make, boolean assumed) {
    Map<Study<?>, Object> found = new HashMap<>();
    for (Study<?> study : studies) {
      if (!found.containsKey(study)) {
        found.put(study, make.apply(study));
      }
    }
    return new Findings(found, assumed);
  }

  /** Whether nothing was found yet: what follows from them is no fact to tell people. */
  public boolean areAssumed() {
    return assumed;
  }

  /** What a study has found; it must have been asked for. */
  @SuppressWarnings("unchecked") // A study's kind is its finding's.
  public <F> F of(Study<F> study) {
    Object finding = found.get(study);
    if (finding == null) {
      throw new IllegalArgumentException("a plan must ask for " + study.getClass() + " first");
    }
    return (F) finding;
  }
}
