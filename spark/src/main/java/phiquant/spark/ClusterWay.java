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
import phiquant.pipeline.Division;
import phiquant.pipeline.Pass;
import phiquant.pipeline.PlanHash;
import phiquant.pipeline.Way;
import phiquant.publish.Publication;

/**
 * The pass over a model's weights as one Spark job: the driver begins the artifacts' files in a
 * folder that all machines share, executors write their shares into them, the driver publishes all
 * together. What an earlier submission has completed is not made again.
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
    Map<Path, ArtifactPlan> others = new LinkedHashMap<>(outlines);
    others.keySet().removeIf(path -> Manifest.of(path).exists());
    Way.HERE.check(others, overwrite);
  }

  @Override
  public void run(Map<Path, ArtifactPlan> artifacts, Pass.Settings settings, WithAdapters source) {
    Map<Path, ArtifactPlan> open = new LinkedHashMap<>();
    List<Integer> numbers = new ArrayList<>();
    Map<Path, String> made = new LinkedHashMap<>();
    String from = identity(source);
    artifacts.forEach(
        (path, plan) -> {
          made.put(path, from + " by plan " + PlanHash.of(List.of(plan)));
          if (Manifest.of(path).holds(made.get(path), plan, path)) {
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
    Division division = Division.ofPlans(plans);
    Division.make(
        open,
        settings,
        source,
        places -> {
          PassOrder order =
              new PassOrder(
                  UUID.randomUUID().toString(),
                  given.arguments(),
                  numbers,
                  places.stream().map(place -> place.toAbsolutePath().toString()).toList(),
                  PlanHash.of(plans),
                  source.checkpoint().stamp(),
                  Version.NUMBER);
          List<ShareTask> tasks =
              division.shares(cluster.cores()).stream()
                  .map(share -> ShareTask.of(order, division, share))
                  .toList();
          cluster.run(title(source.checkpoint(), plans), tasks, settings.progress());
          note(made, open, places);
        });
  }

  private static void note(
      Map<Path, String> made, Map<Path, ArtifactPlan> written, List<Path> places) {
    int i = 0;
    for (Map.Entry<Path, ArtifactPlan> each : written.entrySet()) {
      Path destination = each.getKey();
      try {
        Manifest.of(destination).write(made.get(destination), each.getValue(), places.get(i++));
      } catch (IOException e) {
        throw Publication.cannotWrite(destination, e);
      }
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
