package phiquant.engine.mlx;

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
import phiquant.engine.plan.PlannedTensor;
import phiquant.fixtures.Fixtures;
import phiquant.recipe.Budgets;

/** Budgets and recipes of folders for MLX, on a model of two layers. */
class MlxBudgetTest {
  @TempDir private Path folder;

  /**
   * A recipe that says what mlx-lm's mix is gives the mix's weights, which are mlx_lm.convert's;
   * one that says the same of all layers gives its configuration, too, with nothing listed.
   */
  @Test
  void aRecipeOfAMixGivesItsWeights() throws IOException {
    for (String format : List.of("4bit", "mixed_3_6")) {
      try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
        ArtifactPlan mix = Quantize.of(checkpoint).to("mlx:" + format).outline().getFirst();
        Path recipe = Files.writeString(folder.resolve(format + ".txt"), recipe(mix));
        Path plain = Quantize.of(checkpoint).to("mlx:" + format).into(folder).getFirst();
        Path made =
            Quantize.of(checkpoint)
                .to("mlx,recipe=" + recipe)
                .into(folder.resolve("recipes"))
                .getFirst();
        assertThat(made.resolve("model.safetensors"))
            .hasSameBinaryContentAs(plain.resolve("model.safetensors"));
        if (format.equals("4bit")) {
          assertThat(made.resolve("config.json"))
              .hasSameBinaryContentAs(plain.resolve("config.json"));
        }
      }
    }
  }

  /** What the formats of a plan are as a recipe: {@code affine 4-bit g64} is 4bit-g64 there. */
  private static String recipe(ArtifactPlan plan) {
    StringBuilder text = new StringBuilder("engine mlx\n");
    for (PlannedTensor tensor : plan.tensors()) {
      if (tensor.format().startsWith("affine")) {
        String[] words = tensor.format().split(" ");
        String format = words[1].replace("-", "") + "-" + words[2];
        text.append(tensor.source().name() + " " + format + " 4\n");
      }
    }
    return text.toString();
  }

  /** By bits: what GGUF gives 4.5 bits gets 4 and a scale and a bias for each 64. */
  @Test
  void aRecipeOfAnotherEngineIsTakenByItsBits() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      ArtifactPlan plain = Quantize.of(checkpoint).to("gguf:Q4_K_M").outline().getFirst();
      StringBuilder text = new StringBuilder("engine gguf\n");
      for (PlannedTensor tensor : plain.tensors()) {
        if (tensor.shape().size() > 1) {
          double bits = 8.0 * tensor.bytes() / tensor.source().elements();
          text.append("%s %s %.4f\n".formatted(tensor.source().name(), tensor.format(), bits));
        }
      }
      Path recipe = Files.writeString(folder.resolve("gguf.txt"), text);
      ArtifactPlan plan = Quantize.of(checkpoint).to("mlx,recipe=" + recipe).outline().getFirst();
      assertThat(plan.tensors())
          .extracting(PlannedTensor::format)
          .contains("affine 4-bit g64", "affine 6-bit g64");
    }
  }

  /** The folder is no larger than asked, and its recipe makes it again. */
  @Test
  @Tag("slow")
  void aBudgetIsKeptAndItsRecipeMakesTheSameWeights() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      long bytes = Quantize.of(checkpoint).to("mlx:4bit").outline().getFirst().bytes();
      ArtifactPlan plan =
          Quantize.of(checkpoint).to("mlx,target-size=" + bytes).outline().getFirst();
      assertThat(plan.bytes()).isLessThanOrEqualTo(bytes);
    }
    Budgets.keepsIt("mlx:4bit", 9, "model.safetensors", folder);
  }

  @Test
  void tooLittleIsToldWithTheLeast() {
    Budgets.refuses(
        "mlx,target-size=1MB", "1MB is too little for this model; the least possible is ");
  }

  @Test
  void formatsAreChosenInOneWay() {
    Budgets.refuses("mlx:4bit,bpw=4", "mlx: a budget chooses formats, so leave out ':4bit'.");
    Budgets.refuses("mlx,bpw=4,group=32", "mlx: group chooses formats, and so does a budget");
  }
}
