package phiquant.spark;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import phiquant.checkpoint.WeightSource;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Pass;

/** Where a pass on a cluster puts its artifacts: a folder that all machines share, or a store. */
sealed interface Outlet permits FolderOutlet, StoreOutlet {
  /** The one for these places, which are all in the same folder. */
  static Outlet of(Iterable<Path> places, Cluster cluster) {
    return StorePath.of(places.iterator().next()).isPresent()
        ? new StoreOutlet(cluster)
        : new FolderOutlet(cluster);
  }

  /** Whether anything is noted of an artifact: only {@link #holds} says whether that is true. */
  boolean isNoted(Path destination);

  /** Whether the artifact that is there is complete and made from the same. */
  boolean holds(Path destination, String made, ArtifactPlan plan);

  /**
   * Refuses what exists already, before long work begins.
   *
   * @throws phiquant.UserError if it may not be overwritten, or there is no room
   */
  void check(Map<Path, ArtifactPlan> outlines, boolean overwrite);

  /**
   * Has all machines make artifacts, which appear in the end.
   *
   * @param made what each is made from, to be noted
   * @param order what machines are sent, once it is known where artifacts grow
   * @throws phiquant.UserError if one cannot be made; then none is
   */
  void make(
      String title,
      Map<Path, ArtifactPlan> artifacts,
      Map<Path, String> made,
      Pass.Settings settings,
      WeightSource source,
      Function<List<String>, PassOrder> order);
}
