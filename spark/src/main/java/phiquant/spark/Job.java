package phiquant.spark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import phiquant.UserError;
import phiquant.cli.Main;
import phiquant.cli.QuantizeOrder;
import phiquant.cli.SharedArguments;
import phiquant.cli.Summary;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Places;

/**
 * Many models with many recipes in one submission. All is laid out before anything is written; then
 * some entries are at work at once, so that what one leaves of the cluster at its end the next one
 * takes. Then what was made is measured, if that is asked for.
 */
final class Job {
  private static final int AT_ONCE = 4;

  private final List<SharedArguments> entries;
  private final Optional<JobFile.Measuring> measuring;

  /**
   * Opens every model and lays out every target, which reads headers only.
   *
   * @throws UserError if an entry is wrong, or two write the same
   */
  Job(JobFile file) {
    this.entries = file.commands().stream().map(SharedArguments::of).toList();
    this.measuring = file.measuring();
    requireSense();
  }

  /** What has come of an entry. */
  private record Done(Map<Path, ArtifactPlan> artifacts, List<Path> skipped) {}

  /**
   * Makes all; an entry that fails leaves the others alone.
   *
   * @return 0 if all went well, otherwise what the first that did not would have ended with
   */
  int run(Cluster cluster) {
    int code = 0;
    int made = 0;
    int complete = 0;
    Map<String, List<Path>> byModel = new LinkedHashMap<>();
    try (ExecutorService drivers = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<Done>> results = new ArrayList<>();
      for (SharedArguments entry : entries) {
        results.add(drivers.submit(() -> make(cluster, entry)));
      }
      for (int i = 0; i < results.size(); i++) {
        try {
          Done done = results.get(i).get();
          made += done.artifacts().size() - done.skipped().size();
          complete += done.skipped().size();
          done.artifacts().forEach((path, plan) -> System.out.println(line(path, plan, done)));
          byModel
              .computeIfAbsent(entries.get(i).arguments().getFirst(), unused -> new ArrayList<>())
              .addAll(done.artifacts().keySet());
        } catch (ExecutionException e) {
          System.err.println("of " + String.join(" ", entries.get(i).arguments()) + ":");
          int failed = Main.report(new IllegalStateException(e.getCause()));
          code = code == 0 ? failed : code;
        } catch (InterruptedException e) {
          drivers.shutdownNow();
          throw new UserError("The job was interrupted.", e);
        }
      }
    }
    System.out.printf("%d made, %d complete already.%n", made, complete);
    if (measuring.isPresent() && !byModel.isEmpty()) {
      int measured = new JobEvaluation(cluster, measuring.get()).run(byModel);
      code = code == 0 ? measured : code;
    }
    return code;
  }

  private static String line(Path path, ArtifactPlan plan, Done done) {
    return Summary.of(path, plan) + (done.skipped().contains(path) ? "  complete already" : "");
  }

  private static Done make(Cluster cluster, SharedArguments entry) {
    ClusterWay way = new ClusterWay(cluster, entry);
    try (QuantizeOrder order = QuantizeOrder.of(entry.arguments(), way)) {
      return new Done(order.make(), way.skipped());
    }
  }

  private void requireSense() {
    measuring.ifPresent(JobEvaluation::check);
    Map<Path, String> places = new LinkedHashMap<>();
    for (SharedArguments entry : entries) {
      try (QuantizeOrder order = QuantizeOrder.of(entry.arguments())) {
        if (measuring.isPresent() && order.source().isRemote()) {
          throw new UserError(
              order.source().path() + " is evaluated only where its weights lie at hand.",
              "Download it first, or leave 'evaluate' out.");
        }
        new Places(order.source().path(), order.output())
            .of(order.outlines())
            .forEach(
                (path, plan) -> {
                  String who = order.source().path() + " → " + plan.target();
                  String other = places.put(path, who);
                  if (other != null) {
                    throw new UserError(
                        "%s and %s would both be written to %s.".formatted(other, who, path),
                        "Give a model another name, or say a target once.");
                  }
                });
      }
    }
  }
}
