package phiquant.report;

import java.util.Comparator;
import java.util.List;
import phiquant.eval.Result;

/** The artifacts that no other beats in both size and divergence: the ones worth choosing from. */
final class Pareto {
  private Pareto() {}

  /** The front, the smallest first. */
  static List<Result> front(List<Result> artifacts) {
    return artifacts.stream()
        .filter(one -> artifacts.stream().noneMatch(other -> beats(other, one)))
        .sorted(Comparator.comparing(Result::bytes))
        .toList();
  }

  private static boolean beats(Result a, Result b) {
    boolean noWorse = a.bytes() <= b.bytes() && a.scores().meanKl() <= b.scores().meanKl();
    return noWorse && (a.bytes() < b.bytes() || a.scores().meanKl() < b.scores().meanKl());
  }
}
