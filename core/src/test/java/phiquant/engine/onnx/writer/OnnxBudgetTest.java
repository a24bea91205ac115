package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.fixtures.Fixtures;
import phiquant.recipe.Budgets;

/** Budgets and recipes of folders for ONNX Runtime, on a model of two layers. */
class OnnxBudgetTest {
  @TempDir private Path folder;

  /** A recipe that gives all the same is what the builder's options for all give. */
  @Test
  void aRecipeOfOneFormatGivesItsBytes() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi4Mini())) {
      String all = "onnx:int4,block_size=64,is_symmetric=false";
      ArtifactPlan plan = Quantize.of(checkpoint).to(all).outline().getFirst();
      StringBuilder text = new StringBuilder("engine onnx\n");
      plan.tensors().stream()
          .filter(tensor -> tensor.format().startsWith("int"))
          .map(tensor -> tensor.source().name())
          .distinct()
          .forEach(name -> text.append(name + " int4-b64-asym 4.5625\n"));
      Path recipe = Files.writeString(folder.resolve("mine.txt"), text);
      Path plain = Quantize.of(checkpoint).to(all).into(folder).getFirst();
      Path made = Quantize.of(checkpoint).to("onnx,recipe=" + recipe).into(folder).getFirst();
      assertThat(made).hasFileName("tiny-phi-4-mini-onnx-mine-cpu");
      for (String file : List.of("model.onnx", "model.onnx.data", "genai_config.json")) {
        assertThat(made.resolve(file)).hasSameBinaryContentAs(plain.resolve(file));
      }
    }
  }

  /** The folder is no larger than asked, and its recipe makes it again. */
  @Test
  @Tag("slow")
  void aBudgetIsKeptAndItsRecipeMakesTheSameWeights() throws IOException {
    Budgets.keepsIt("onnx:int4,embedding=int8", 8, "model.onnx.data", folder);
  }

  @Test
  void formatsAreChosenInOneWay() {
    Budgets.refuses("onnx:int4,bpw=4", "onnx: a budget chooses formats, so leave out ':int4'.");
    Budgets.refuses(
        "onnx,bpw=4,block_size=32", "onnx: block_size chooses formats, and so does a budget");
    Budgets.refuses(
        "onnx,target-size=1MB", "1MB is too little for this model; the least possible is ");
  }
}
