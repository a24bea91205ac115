package phiquant.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import phiquant.checkpoint.WeightSource;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Division;
import phiquant.pipeline.Pass;
import phiquant.pipeline.Way;
import phiquant.publish.Publication;

/**
 * A folder that all machines share: the driver begins the artifacts' files there, executors write
 * their shares into them, the driver publishes all together.
 */
record FolderOutlet(Cluster cluster) implements Outlet {
  @Override
  public boolean isNoted(Path destination) {
    return Manifest.of(destination).exists();
  }

  @Override
  public boolean holds(Path destination, String made, ArtifactPlan plan) {
    return Manifest.of(destination).holds(made, plan, destination);
  }

  @Override
  public void check(Map<Path, ArtifactPlan> outlines, boolean overwrite) {
    Way.HERE.check(outlines, overwrite);
  }

  @Override
  public void make(
      String title,
      Map<Path, ArtifactPlan> artifacts,
      Map<Path, String> made,
      Pass.Settings settings,
      WeightSource source,
      Function<List<String>, PassOrder> order) {
    Division division = Division.ofPlans(List.copyOf(artifacts.values()));
    Division.make(
        artifacts,
        settings,
        source,
        places -> {
          PassOrder pass =
              order.apply(places.stream().map(place -> place.toAbsolutePath().toString()).toList());
          List<ShareTask> tasks = ShareTask.of(pass, division, cluster.cores());
          cluster.run(title, tasks, settings.progress());
          note(made, artifacts, places);
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
}
