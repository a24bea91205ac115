package phiquant.spark;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FileSystem;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedFile;

/**
 * Files that the driver joins, one after the other, in a hidden folder; then artifacts are renamed,
 * which stores of this kind do in one step (HDFS, Azure with a hierarchy of folders).
 *
 * @param store that has them
 * @param hidden folder in it, which is new
 */
record StreamedJoin(FileSystem store, StorePath hidden) {
  /** Bytes that the driver holds. */
  private static final long PIECE = 32 << 20;

  /** Joins all, which then are there. */
  void run(List<ArtifactPlan> plans, List<StorePath> places, Map<StorePath, FileRange> files)
      throws IOException {
    for (int i = 0; i < plans.size(); i++) {
      for (PlannedFile planned : plans.get(i).files()) {
        StorePath place = new StoreManifest(places.get(i)).place(plans.get(i), planned);
        StorePath grows = new StoreManifest(hidden.resolve("" + i)).place(plans.get(i), planned);
        try (OutputStream out = store.create(grows.path(), true)) {
          for (FileRange piece : files.get(place).cut(PIECE)) {
            out.write(piece.bytes());
          }
        }
      }
    }
    for (int i = 0; i < plans.size(); i++) {
      org.apache.hadoop.fs.Path place = places.get(i).path();
      store.delete(place, true); // Was allowed, if it is there.
      store.mkdirs(place.getParent());
      if (!store.rename(hidden.resolve("" + i).path(), place)) {
        throw new IOException(place + " cannot get its name");
      }
    }
  }
}
