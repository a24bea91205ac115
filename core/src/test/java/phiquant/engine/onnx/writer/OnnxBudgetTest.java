package phiquant.engine.onnx.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.fixtures.Fixtures;

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
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      long bytes =
          Quantize.of(checkpoint).to("onnx:int4,embedding=int8").outline().getFirst().bytes();
      Path made = Quantize.of(checkpoint).to("onnx,target-size=" + bytes).into(folder).getFirst();
      try (var files = Files.list(made)) {
        assertThat(files.mapToLong(file -> file.toFile().length()).sum())
            .isBetween(bytes * 8 / 10, bytes);
      }
      Path recipe = Quantize.recipe(made);
      assertThat(recipe).content().contains("engine onnx\n", "# curve ");
      Path again =
          Quantize.of(checkpoint)
              .to("onnx,recipe=" + recipe)
              .into(folder.resolve("again"))
              .getFirst();
      assertThat(again.resolve("model.onnx.data"))
          .hasSameBinaryContentAs(made.resolve("model.onnx.data"));
    }
  }

  @Test
  void formatsAreChosenInOneWay() {
    refuses("onnx:int4,bpw=4", "onnx: a budget chooses formats, so leave out ':int4'.");
    refuses("onnx,bpw=4,block_size=32", "onnx: block_size chooses formats, and so does a budget");
    refuses("onnx,target-size=1MB", "1MB is too little for this model; the least possible is ");
  }

  private static void refuses(String target, String fact) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      assertThatThrownBy(() -> Quantize.of(checkpoint).to(target).outline())
          .isInstanceOf(UserError.class)
          .hasMessageContaining(fact);
    }
  }
}
