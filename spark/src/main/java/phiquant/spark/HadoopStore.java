package phiquant.spark;

import java.nio.file.Path;
import java.util.Optional;
import phiquant.checkpoint.RangedFiles;

/** All stores that Hadoop's FileSystem reaches, for checkpoints that lie there. */
public final class HadoopStore implements RangedFiles.Store {
  @Override
  public Optional<RangedFiles> folder(Path address) {
    return StorePath.of(address).map(HadoopFiles::new);
  }
}
