package phiquant.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import phiquant.Quantize;
import phiquant.bench.ClusterSchedule;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Synthetic;

/**
 * What a cluster would take for one model, on paper: the shares of the real plan handed out, one by
 * one, to 512 cores, each 2 ms late and up to half as long again as estimated. The bound is what
 * the cores would take if all were busy to the end.
 */
class ScheduleIT {
  private static final int CORES = 512;
  private static final double HANDING = 2e6;

  @Test
  void aSingleModelKeepsAllCoresBusy() {
    for (Synthetic model : List.of(Synthetic.PHI_4_SPARSE, Synthetic.PHI_3_5_MOE_SPARSE)) {
      Path folder = Fixtures.synthetic(model);
      try (Checkpoint checkpoint = Checkpoints.open(folder)) {
        Quantize quantize = Quantize.of(checkpoint).to("gguf:Q4_K_M");
        Division division = Division.ofPlans(quantize.outline());
        List<Division.Share> shares = division.shares(CORES);
        double ideal = division.cost() / CORES;
        for (double spread : new double[] {0, 0.25, 0.5}) {
          assertThat(ClusterSchedule.makespan(shares, CORES, HANDING, spread) / ideal)
              .as("%s, times off by %s", model, spread)
              .isBetween(1.0, 1.1);
        }
      }
    }
  }
}
