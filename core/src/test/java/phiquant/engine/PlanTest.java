package phiquant.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.demo.RandomModel;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedTensor;
import phiquant.engine.plan.Target;
import phiquant.engine.plan.TargetSpec;
import phiquant.fixtures.Unread;
import phiquant.model.PhiModel;
import phiquant.model.phi.Family;
import phiquant.pipeline.Progress;
import phiquant.pipeline.study.Studies;
import phiquant.study.Findings;

/** A plan knows headers and findings, and nothing else. */
class PlanTest {
  private static final String STATIC = "onnx:int8,activations=static";
  private static final String RANKED = "openvino:int4,ratio=0.6";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "gguf:Q4_K_M",
        "gguf:Q8_0",
        "gguf:F16,split-max-size=1M",
        "mlx:4bit,group=32",
        "mlx:mixed_3_6",
        "mlx:8bit",
        "onnx:int4",
        "onnx:int4,use_qdq",
        "onnx:int8",
        "onnx:mobile",
        "onnx:fp16,device=webgpu",
        "openvino:int4",
        "openvino:int4,layers=all",
        "openvino:int8",
        "openvino:fp16",
        "safetensors:bf16"
      })
  void anOutlineReadsNoMatrixAndKnowsWhatWillBeMade(String target) throws IOException {
    List<ArtifactPlan> outlines;
    try (Checkpoint unread = Unread.of(model())) {
      outlines = Quantize.of(unread).to(target).outline();
    }
    try (Checkpoint checkpoint = model()) {
      Quantize quantize = Quantize.of(checkpoint).to(target);
      Map<Path, ArtifactPlan> made = quantize.make(quantize.outline(), folder);
      made.forEach(
          (path, plan) -> {
            assertThat(outlines.get(0).bytes()).isEqualTo(plan.bytes()).isEqualTo(bytes(path));
            assertThat(formats(outlines.get(0))).isEqualTo(formats(plan));
          });
    }
  }

  /** Open is which layers have 4 bits, and how many bytes a zero point takes. */
  @Test
  void whatFindingsDecideIsOutlinedNearly() throws IOException {
    try (Checkpoint unread = Unread.of(model());
        Checkpoint checkpoint = model()) {
      Quantize outlined = Quantize.of(unread).to(STATIC).to(RANKED);
      List<ArtifactPlan> outlines = outlined.outline();
      assertThat(outlines.get(0).notes()).anyMatch(note -> note.contains("Calibration will tell"));
      assertThat(outlines.get(1).notes()).anyMatch(note -> note.contains("have been read"));
      List<ArtifactPlan> plans = Quantize.of(checkpoint).to(STATIC).to(RANKED).plan();
      for (int i = 0; i < plans.size(); i++) {
        ArtifactPlan plan = plans.get(i);
        assertThat(plan.notes()).doesNotContainAnyElementsOf(outlines.get(i).notes());
        long largest = plan.tensors().stream().mapToLong(PlannedTensor::bytes).max().orElseThrow();
        assertThat(outlines.get(i).bytes()).isCloseTo(plan.bytes(), within(largest));
        assertThat(outlines.get(i).name()).isEqualTo(plan.name());
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {STATIC, RANKED})
  void aPlanIsMadeOfHeadersAndFindings(String spec) throws IOException {
    Target target = Engine.target(TargetSpec.parse(spec));
    try (Checkpoint unread = Unread.of(model());
        Checkpoint checkpoint = model()) {
      PhiModel model = Family.model(checkpoint);
      Findings findings =
          Studies.of(
              model, target.studies(), new Studies.Settings(2, Optional.empty(), Progress.NONE));
      ArtifactPlan plan = target.plan(Family.model(unread), "model", findings);
      assertThat(formats(plan)).isEqualTo(formats(target.plan(model, "model", findings)));
      assertThatThrownBy(() -> target.plan(model, "model", Findings.assumed(Set.of(), model)))
          .hasMessageContaining("ask");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {STATIC, RANKED})
  void whatExistsIsSaidBeforeAnythingIsStudied(String target) throws IOException {
    try (Checkpoint unread = Unread.of(model())) {
      Quantize quantize = Quantize.of(unread).to(target).named("taken");
      Files.createDirectories(folder.resolve(quantize.outline().get(0).name()));
      assertThatThrownBy(() -> quantize.into(folder))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("exists already");
    }
  }

  private static long bytes(Path artifact) {
    try (Stream<Path> files = Files.walk(artifact)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.endsWith("phiquant.json"))
          .mapToLong(file -> file.toFile().length())
          .sum();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> formats(ArtifactPlan plan) {
    return plan.tensors().stream()
        .map(tensor -> tensor.name() + " " + tensor.format() + " " + tensor.parts())
        .collect(Collectors.toList());
  }

  private Checkpoint model() throws IOException {
    Path model = folder.resolve("random");
    if (!Files.exists(model)) {
      RandomModel.write(model);
    }
    return Checkpoints.open(model);
  }
}
