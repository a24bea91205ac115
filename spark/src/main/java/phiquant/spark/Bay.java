package phiquant.spark;

import java.util.List;
import phiquant.checkpoint.WeightSource;
import phiquant.pipeline.Division;
import phiquant.pipeline.Pass;

/** Where one task at a time does its share: what is encoded has a way out from there. */
sealed interface Bay extends AutoCloseable permits SharedBay, PartBay {
  /**
   * Does a share, and returns when what was encoded is kept.
   *
   * @return where the bytes lie, if not at their places
   */
  List<Extent> execute(Division.Share share, Pass.Settings settings, WeightSource source);

  @Override
  void close();
}
