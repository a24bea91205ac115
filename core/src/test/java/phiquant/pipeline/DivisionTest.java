package phiquant.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.demo.RandomModel;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;

/** Shares that are done elsewhere, in any order, some twice, make what the pass makes. */
class DivisionTest {
  private static final List<String> TARGETS =
      List.of("gguf:Q4_K_M", "onnx:int4", "openvino:int4,group=row", "mlx:8bit,group=32");

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void makeModel() throws IOException {
    model = folder.resolve("random");
    RandomModel.write(model);
  }

  @Test
  void sharesInAnyOrderMakeTheSameBytes() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      quantize(checkpoint).into(folder.resolve("alone"));
      Quantize divided = quantize(checkpoint);
      Map<Path, ArtifactPlan> artifacts =
          divided.artifacts(divided.outline(), folder.resolve("divided"));
      Division.make(
          artifacts, divided.settings(), divided.source(), places -> execute(artifacts, places));
    }
    try (Stream<Path> all = Files.walk(folder.resolve("alone"))) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        Path other = folder.resolve("divided").resolve(folder.resolve("alone").relativize(file));
        assertThat(Files.mismatch(file, other)).as(file.toString()).isEqualTo(-1);
      }
    }
  }

  /** As another process would, which has the plans only. */
  private void execute(Map<Path, ArtifactPlan> artifacts, List<Path> places) {
    List<ArtifactPlan> plans = List.copyOf(artifacts.values());
    List<SharedOutput> outputs = new ArrayList<>();
    for (int i = 0; i < plans.size(); i++) {
      outputs.add(new SharedOutput(plans.get(i), places.get(i)));
    }
    Division division = Division.of(outputs);
    List<Division.Share> shares = new ArrayList<>(division.shares(1000));
    shares.addAll(List.copyOf(shares).subList(0, shares.size() / 2));
    Collections.shuffle(shares, new Random(1));
    Pass.Settings settings = new Pass.Settings(1, false, false, Progress.NONE);
    shares.forEach(share -> division.execute(share, settings, () -> {}));
    outputs.forEach(SharedOutput::close);
  }

  @Test
  void sharesFollowEachOtherAndCoverAll() {
    try (Checkpoint checkpoint = Checkpoints.open(model)) {
      Division division = Division.ofPlans(quantize(checkpoint).outline());
      for (int workers : List.of(1, 2, 7, 1000)) {
        int next = 0;
        double cost = 0;
        for (Division.Share share : division.shares(workers)) {
          assertThat(share.first()).isEqualTo(next);
          next = share.end();
          cost += share.cost();
        }
        assertThat(cost).isCloseTo(division.cost(), offset(1e-9 * cost));
      }
    }
  }

  private static Quantize quantize(Checkpoint checkpoint) {
    Quantize quantize = Quantize.of(checkpoint).named("model");
    TARGETS.forEach(quantize::to);
    return quantize;
  }
}
