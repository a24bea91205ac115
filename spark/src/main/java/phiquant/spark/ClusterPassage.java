package phiquant.spark;

import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.storage.StorageLevel;
import phiquant.engine.Engine;
import phiquant.importance.PartialSums;
import phiquant.importance.Passage;
import phiquant.model.PhiModel;

/**
 * A text taken through a model by all machines: sequences are the tasks, and each layer is a job,
 * since what is added up of a layer must be complete before what comes after it is needed. What
 * comes out of a layer stays where it was made; of a machine that is lost it is made again from the
 * beginning.
 */
final class ClusterPassage implements Passage {
  private final Cluster cluster;
  private final List<Pattern> ignored;

  ClusterPassage(Cluster cluster, List<Pattern> ignored) {
    this.cluster = cluster;
    this.ignored = ignored;
  }

  @Override
  public void run(PhiModel model, int[][] sequences, Consumer<PartialSums> layer) {
    ModelSource source = ModelSource.of(model.checkpoint(), ignored);
    String name = Engine.modelName(model.checkpoint().path());
    JavaRDD<SequenceState> before =
        cluster
            .spark()
            .parallelize(Stream.of(sequences).toList(), sequences.length)
            .map(tokens -> SequenceState.first(source, tokens));
    int layers = model.config().layers();
    for (int i = 0; i <= layers; i++) {
      int number = i;
      cluster.describe(name + " → importance, " + (i < layers ? "layer " + i : "head"));
      JavaRDD<SequenceState> after =
          before.map(state -> state.after(source, number)).persist(StorageLevel.MEMORY_AND_DISK());
      PartialSums sums = new PartialSums();
      cluster.collect(after.map(SequenceState::sums)).forEach(sums::add);
      layer.accept(sums);
      before.unpersist(false);
      before = after;
    }
    before.unpersist(false);
  }
}
