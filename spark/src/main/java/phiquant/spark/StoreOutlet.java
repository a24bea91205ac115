package phiquant.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.RemoteIterator;
import phiquant.UserError;
import phiquant.checkpoint.WeightSource;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;
import phiquant.pipeline.Division;
import phiquant.pipeline.Pass;

/**
 * A store that nobody can write in the middle of a file. Shares go to hidden parts beside the
 * artifacts; when all are there they are joined to files, by all machines where a file can be sent
 * in pieces ({@link PiecewiseJoin}), else by the driver ({@link StreamedJoin}).
 */
record StoreOutlet(Cluster cluster) implements Outlet {
  @Override
  public boolean isNoted(Path destination) {
    return StoreManifest.of(destination).exists();
  }

  @Override
  public boolean holds(Path destination, String made, ArtifactPlan plan) {
    return StoreManifest.of(destination).holds(made, plan);
  }

  @Override
  public void check(Map<Path, ArtifactPlan> outlines, boolean overwrite) {
    outlines.forEach(
        (path, plan) -> {
          if (plan.recipe().isPresent()) {
            throw new UserError(
                plan.target() + " leaves a recipe beside it, which no store gets.",
                "Write it to a folder that all machines share.");
          }
          if (!overwrite && exists(StorePath.of(path).orElseThrow())) {
            throw new UserError(path + " exists already.", "Give --overwrite to replace it.");
          }
        });
  }

  private static boolean exists(StorePath path) {
    try {
      return path.store().exists(path.path());
    } catch (IOException | RuntimeException e) {
      throw path.failed(e);
    }
  }

  @Override
  public void make(
      String title,
      Map<Path, ArtifactPlan> artifacts,
      Map<Path, String> made,
      Pass.Settings settings,
      WeightSource source,
      Function<List<String>, PassOrder> order) {
    check(artifacts, settings.overwrite());
    List<ArtifactPlan> plans = List.copyOf(artifacts.values());
    List<StorePath> places =
        artifacts.keySet().stream().map(path -> StorePath.of(path).orElseThrow()).toList();
    StorePath parts = places.getFirst().parent().resolve(".phiquant-parts-" + UUID.randomUUID());
    try {
      Division division = Division.ofPlans(plans);
      PassOrder pass = order.apply(List.of(parts.address()));
      List<ShareTask> tasks = ShareTask.of(pass, division, cluster.cores());
      List<Extent> extents = cluster.run(title, tasks, settings.progress());
      source.requireUnchanged();
      join(title, plans, places, files(plans, places, extents), parts);
      int i = 0;
      for (Path destination : artifacts.keySet()) {
        ArtifactPlan plan = plans.get(i);
        removeOthers(plan, places.get(i++));
        StoreManifest.of(destination).write(made.get(destination), plan);
      }
    } catch (IOException e) {
      throw parts.parent().failed(e);
    } finally {
      remove(parts);
    }
  }

  private void join(
      String title,
      List<ArtifactPlan> plans,
      List<StorePath> places,
      Map<StorePath, FileRange> files,
      StorePath parts)
      throws IOException {
    FileSystem store = parts.store();
    if (PiecewiseJoin.isPossible(store, parts)) {
      new PiecewiseJoin(cluster, title).run(files);
    } else {
      new StreamedJoin(store, parts.resolve("joined")).run(plans, places, files);
    }
  }

  /** All files by their places, each with what it is made of. */
  private static Map<StorePath, FileRange> files(
      List<ArtifactPlan> plans, List<StorePath> places, List<Extent> extents) {
    Map<StorePath, List<Extent>> encoded = new LinkedHashMap<>();
    Map<StorePath, FileRange> files = new LinkedHashMap<>();
    for (Extent extent : extents) {
      PlannedFile file = plans.get(extent.artifact()).files().get(extent.file());
      StorePath place = place(plans.get(extent.artifact()), file, places.get(extent.artifact()));
      encoded.computeIfAbsent(place, unused -> new ArrayList<>()).add(extent);
    }
    for (int i = 0; i < plans.size(); i++) {
      for (PlannedFile file : plans.get(i).files()) {
        StorePath place = place(plans.get(i), file, places.get(i));
        files.put(place, FileRange.of(file, encoded.getOrDefault(place, List.of())));
      }
    }
    return files;
  }

  private static StorePath place(ArtifactPlan plan, PlannedFile file, StorePath artifact) {
    return new StoreManifest(artifact).place(plan, file);
  }

  /** What an artifact that was overwritten had more. */
  private static void removeOthers(ArtifactPlan plan, StorePath artifact) throws IOException {
    if (plan.singleFile()) {
      return;
    }
    List<org.apache.hadoop.fs.Path> wanted =
        plan.files().stream().map(file -> place(plan, file, artifact).path()).toList();
    RemoteIterator<LocatedFileStatus> found = artifact.store().listFiles(artifact.path(), true);
    while (found.hasNext()) {
      FileStatus file = found.next();
      if (!wanted.contains(file.getPath())) {
        artifact.store().delete(file.getPath(), false);
      }
    }
  }

  private static void remove(StorePath parts) {
    try {
      parts.store().delete(parts.path(), true);
    } catch (IOException | RuntimeException e) {
      System.err.println("warning: " + parts + " was left behind: " + e.getMessage());
    }
  }
}
