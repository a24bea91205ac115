package phiquant.spark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import phiquant.UserError;
import phiquant.Version;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.Identity;
import phiquant.checkpoint.lora.WithAdapters;
import phiquant.cli.SharedArguments;
import phiquant.engine.Engine;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Pass;
import phiquant.pipeline.PlanHash;
import phiquant.pipeline.Way;

/**
 * The pass over a model's weights as one Spark job: the driver lays out, executors encode their
 * shares into an {@link Outlet}, the driver publishes all together. What an earlier submission has
 * completed is not made again.
 */
final class ClusterWay implements Way {
  private final Cluster cluster;
  private final SharedArguments given;
  private final List<Path> skipped = new ArrayList<>();

  /**
   * For one command.
   *
   * @param given what executors make the same plans from
   */
  ClusterWay(Cluster cluster, SharedArguments given) {
    this.cluster = cluster;
    this.given = given;
  }

  /** What was complete already. */
  List<Path> skipped() {
    return skipped;
  }

  /** An artifact that is noted may be complete, which only its plan tells. */
  @Override
  public void check(Map<Path, ArtifactPlan> outlines, boolean overwrite) {
    if (given.roundsWithFeedback()) {
      throw new UserError(
          "round=gptq is made by one machine: a column makes up for those before it.",
          "Leave it out, or run phiquant quantize where the cores are.");
    }
    Outlet outlet = Outlet.of(outlines.keySet(), cluster);
    Map<Path, ArtifactPlan> others = new LinkedHashMap<>(outlines);
    others.keySet().removeIf(outlet::isNoted);
    outlet.check(others, overwrite);
  }

  @Override
  public void run(Map<Path, ArtifactPlan> artifacts, Pass.Settings settings, WithAdapters source) {
    Map<Path, ArtifactPlan> open = new LinkedHashMap<>();
    List<Integer> numbers = new ArrayList<>();
    Map<Path, String> made = new LinkedHashMap<>();
    String from = identity(source);
    Outlet outlet = Outlet.of(artifacts.keySet(), cluster);
    artifacts.forEach(
        (path, plan) -> {
          made.put(path, from + " by plan " + PlanHash.of(List.of(plan)));
          if (outlet.holds(path, made.get(path), plan)) {
            skipped.add(path);
            settings.progress().notice(path + " is complete: the same plan, the same source.");
          } else {
            numbers.add(made.size() - 1);
            open.put(path, plan);
          }
        });
    if (open.isEmpty()) {
      return;
    }
    List<ArtifactPlan> plans = List.copyOf(open.values());
    String run = UUID.randomUUID().toString();
    if (cluster.isHere()) {
      // The command closes its model.
      Workbench.lend(run, new Workbench.Laid(plans, source, settings.allowNonFinite(), () -> {}));
    }
    try {
      outlet.make(
          title(source.checkpoint(), plans),
          open,
          made,
          settings,
          source,
          places ->
              new PassOrder(
                  run,
                  given.arguments(),
                  numbers,
                  places,
                  PlanHash.of(plans),
                  source.checkpoint().stamp(),
                  Version.NUMBER,
                  cluster.isHere()));
    } finally {
      Workbench.takeBack(run);
    }
  }

  /** As Spark's pages show it: {@code Phi-4 → gguf:Q4_K_M, mlx:4bit}. */
  private static String title(Checkpoint model, List<ArtifactPlan> plans) {
    return plans.stream()
        .map(ArtifactPlan::target)
        .collect(Collectors.joining(", ", Engine.modelName(model.path()) + " → ", ""));
  }

  /** Of all that artifacts are made from besides the plan. Of a hub's commit nothing is read. */
  private String identity(WithAdapters source) {
    Checkpoint checkpoint = source.checkpoint();
    Identity identity = new Identity();
    if (checkpoint.isRemote()) {
      identity.add(checkpoint.stamp());
    } else {
      identity.add(checkpoint);
    }
    source.adapters().forEach(adapter -> identity.add(adapter.files().stamp()));
    given.told().forEach(file -> identity.add(hash(file)));
    return identity.hex();
  }

  private static String hash(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 16];
      for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
        digest.update(buffer, 0, count);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (IOException e) {
      throw new UserError(file + " cannot be read: " + e.getMessage() + ".", e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
