package phiquant.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import phiquant.checkpoint.WeightSource;
import phiquant.engine.plan.ArtifactPlan;

/**
 * A pass cut into shares, each a few runs of rows that follow each other in the source, for
 * machines that know nothing of one another: the same plans give the same runs everywhere, so a
 * share is two numbers. A share may be done twice, at the same time too: it writes the same bytes
 * at the same places.
 */
public final class Division {
  /** Nanoseconds: to hand out a share takes milliseconds, so smaller ones are not worth it. */
  private static final double LEAST = 1e7;

  /**
   * A share is one part in so many of what is left for a worker. So even a first one that takes
   * half as long again as was estimated ends in time, and no more shares are handed out than that
   * needs.
   */
  private static final double FIRST = 1.5;

  private final List<? extends Growing> outputs;
  private final List<Run> runs;

  /**
   * Runs that follow each other.
   *
   * @param first counted from 0
   * @param end the one after the last
   * @param cost nanoseconds that one core will take, as far as formats tell
   */
  public record Share(int first, int end, double cost) {}

  private Division(List<? extends Growing> outputs) {
    this.outputs = outputs;
    this.runs = Run.of(outputs);
  }

  /** Of the pass that makes these. */
  public static Division of(List<? extends Growing> outputs) {
    return new Division(outputs);
  }

  /** Of a pass that is looked at only. */
  public static Division ofPlans(List<ArtifactPlan> plans) {
    return new Division(plans.stream().map(plan -> new SharedOutput(plan, Path.of("."))).toList());
  }

  /**
   * Cuts the pass for so many workers: each share is two thirds of what is left for one, so that
   * few are handed out, and all end at nearly the same time though costs are only estimated (guided
   * self-scheduling: Polychronopoulos and Kuck, IEEE Transactions on Computers C-36, 1987).
   */
  public List<Share> shares(int workers) {
    double left = cost();
    List<Share> shares = new ArrayList<>();
    int first = 0;
    while (first < runs.size()) {
      double wanted = Math.max(LEAST, left / (FIRST * workers));
      double cost = 0;
      int end = first;
      while (end < runs.size() && (end == first || cost + cost(end) <= wanted)) {
        cost += cost(end++);
      }
      shares.add(new Share(first, end, cost));
      left -= cost;
      first = end;
    }
    return shares;
  }

  /** Nanoseconds that all takes on one core, as far as formats tell. */
  public double cost() {
    double sum = 0;
    for (int i = 0; i < runs.size(); i++) {
      sum += cost(i);
    }
    return sum;
  }

  private double cost(int run) {
    return EncodingCost.of(runs.get(run));
  }

  /** Bytes of the source that a share reads. */
  public long sourceBytes(Share share) {
    return runs.subList(share.first(), share.end()).stream().mapToLong(Run::sourceBytes).sum();
  }

  /**
   * Does a share, and returns when all is written.
   *
   * @param source asked now and then whether it has changed
   */
  public void execute(Share share, Pass.Settings settings, WeightSource source) {
    new Pass(outputs, runs.subList(share.first(), share.end()), settings, source).execute();
  }

  /**
   * Makes artifacts as {@link Pass#run} does, but for the encoding, which others do.
   *
   * @param work does it: is given the places where the artifacts grow, in their order, and returns
   *     when all is written and synced
   * @throws phiquant.UserError if one cannot be made; then none is
   */
  public static void make(
      Map<Path, ArtifactPlan> artifacts,
      Pass.Settings settings,
      WeightSource source,
      Consumer<List<Path>> work) {
    Pass.checkSpace(artifacts);
    try (Outputs outputs = Outputs.begin(artifacts, settings.overwrite(), settings.progress())) {
      work.accept(outputs.all().stream().map(Output::place).toList());
      source.requireUnchanged();
      outputs.publish();
    }
  }
}
