package phiquant.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import phiquant.checkpoint.WeightSource;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Division;
import phiquant.pipeline.Pass;
import phiquant.pipeline.SharedOutput;
import phiquant.publish.Publication;

/** The artifacts' own files, in a folder that all machines share. */
final class SharedBay implements Bay {
  private final List<SharedOutput> outputs = new ArrayList<>();
  private final Division division;
  private final boolean syncs;

  /**
   * Opens nothing yet.
   *
   * @param syncs whether what was written is brought to the disk with each share, since who
   *     publishes it is another machine and cannot
   */
  SharedBay(List<ArtifactPlan> plans, List<String> places, boolean syncs) {
    this.syncs = syncs;
    for (int i = 0; i < plans.size(); i++) {
      outputs.add(new SharedOutput(plans.get(i), Path.of(places.get(i))));
    }
    division = Division.of(outputs);
  }

  @Override
  public List<Extent> execute(Division.Share share, Pass.Settings settings, WeightSource source) {
    division.execute(share, settings, source);
    for (SharedOutput output : syncs ? outputs : List.<SharedOutput>of()) {
      try {
        output.sync();
      } catch (IOException e) {
        throw Publication.cannotWrite(output.destination(), e);
      }
    }
    return List.of();
  }

  @Override
  public void close() {
    outputs.forEach(SharedOutput::close);
  }
}
