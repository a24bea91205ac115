package phiquant.engine.openvino.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedTensor;
import phiquant.fixtures.Fixtures;
import phiquant.recipe.Budgets;

/** Budgets and recipes of folders for OpenVINO, on a model of two layers. */
class OpenVinoBudgetTest {
  @TempDir private Path folder;

  /** A recipe that says what our own choice of layers is gives its weights. */
  @Test
  void aRecipeOfAMixGivesItsWeights() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      ArtifactPlan mix = Quantize.of(checkpoint).to("openvino:int4").outline().getFirst();
      StringBuilder text = new StringBuilder("engine openvino\n");
      for (PlannedTensor tensor : mix.tensors()) {
        if (tensor.format().startsWith("int")) {
          String format = tensor.format().replace(" asym row", "").replace(" asym ", "-");
          text.append("%s %s 4\n".formatted(tensor.source().name(), format));
        }
      }
      Path recipe = Files.writeString(folder.resolve("mine.txt"), text);
      Path plain = Quantize.of(checkpoint).to("openvino:int4").into(folder).getFirst();
      Path made = Quantize.of(checkpoint).to("openvino,recipe=" + recipe).into(folder).getFirst();
      assertThat(made).hasFileName("tiny-phi-3.5-mini-openvino-mine");
      assertThat(made.resolve("openvino_model.bin"))
          .hasSameBinaryContentAs(plain.resolve("openvino_model.bin"));
    }
  }

  /** The folder is no larger than asked, and its recipe makes it again. */
  @Test
  @Tag("slow")
  void aBudgetIsKeptAndItsRecipeMakesTheSameWeights() throws IOException {
    Budgets.keepsIt("openvino:int4", 8, "openvino_model.bin", folder);
  }

  @Test
  void formatsAreChosenInOneWay() {
    Budgets.refuses(
        "openvino:int4,bpw=4", "openvino: a budget chooses formats, so leave out ':int4'.");
    Budgets.refuses(
        "openvino,bpw=4,group=32", "openvino: group chooses formats, and so does a budget");
    Budgets.refuses(
        "openvino,target-size=1MB", "1MB is too little for this model; the least possible is ");
  }
}
