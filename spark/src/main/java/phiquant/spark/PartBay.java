package phiquant.spark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import phiquant.checkpoint.WeightSource;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.pipeline.Division;
import phiquant.pipeline.Growing;
import phiquant.pipeline.Pass;

/**
 * Parts in a store, a folder of them for each share. Each attempt at a share has its own: which of
 * two counts is known when one of them has ended.
 */
final class PartBay implements Bay {
  private final StorePath folder;
  private final PartWriter writer = new PartWriter();
  private final Division division;

  PartBay(List<ArtifactPlan> plans, StorePath folder) {
    this.folder = folder;
    List<Growing> outputs = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      outputs.add(writer.artifact(i, plans.get(i)));
    }
    division = Division.of(outputs);
  }

  @Override
  public List<Extent> execute(Division.Share share, Pass.Settings settings, WeightSource source) {
    try {
      writer.begin(folder.resolve("share-%d-%s".formatted(share.first(), UUID.randomUUID())));
      division.execute(share, settings, source);
      return writer.end();
    } catch (IOException e) {
      throw folder.failed(e);
    }
  }

  @Override
  public void close() {
    // A part is closed with its share.
  }
}
