package phiquant.engine.gguf.writer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.engine.plan.ArtifactPlan;
import phiquant.engine.plan.PlannedTensor;
import phiquant.fixtures.Fixtures;
import phiquant.recipe.Budgets;

/** Budgets and recipes of GGUF files, on a model of two layers. */
class BudgetTest {
  @TempDir private Path folder;

  /**
   * A recipe that says what llama.cpp's mix is gives the mix's bytes, which are llama-quantize's;
   * only the number of the file type is another, for the file cannot know which mix was meant.
   */
  @Test
  void aRecipeOfAMixGivesItsBytes() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      ArtifactPlan mix = Quantize.of(checkpoint).to("gguf:Q4_K_M").outline().getFirst();
      Path recipe = Files.writeString(folder.resolve("mine.txt"), recipe(mix));
      Path plain = Quantize.of(checkpoint).to("gguf:Q4_K_M").into(folder).getFirst();
      Path made = Quantize.of(checkpoint).to("gguf,recipe=" + recipe).into(folder).getFirst();
      byte[] expected = Files.readAllBytes(plain);
      byte[] actual = Files.readAllBytes(made);
      assertThat(made).hasFileName("tiny-phi-3.5-mini-mine.gguf");
      assertThat(actual).hasSameSizeAs(expected);
      int differences = 0;
      for (int i = 0; i < actual.length; i++) {
        differences += actual[i] == expected[i] ? 0 : 1;
      }
      assertThat(differences).isEqualTo(1);
    }
  }

  /** What the types of a plan are as a recipe. */
  private static String recipe(ArtifactPlan plan) {
    StringBuilder text = new StringBuilder("engine gguf\n");
    for (PlannedTensor tensor : plan.tensors()) {
      if (tensor.shape().size() > 1) {
        text.append(tensor.source().name() + " " + tensor.format() + " 4\n");
      }
    }
    return text.toString();
  }

  /** A recipe that is there is somebody's work. */
  @Test
  void aRecipeIsWrittenBesideAndKept() throws IOException {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      ArtifactPlan mix = Quantize.of(checkpoint).to("gguf:Q8_0").outline().getFirst();
      Path given = Files.writeString(folder.resolve("mine.txt"), recipe(mix));
      Path first = folder.resolve("first.gguf");
      Quantize.of(checkpoint).to("gguf,recipe=" + given).into(first);
      Path beside = folder.resolve("first.recipe.txt");
      assertThat(Quantize.recipe(first)).isEqualTo(beside).content().contains("engine gguf\n");

      Path second = folder.resolve("second.gguf");
      Quantize.of(checkpoint).to("gguf,recipe=" + beside).into(second);
      assertThat(second).hasSameBinaryContentAs(first);

      Path kept = Files.writeString(folder.resolve("third.recipe.txt"), "mine");
      Path third = folder.resolve("third.gguf");
      assertThatThrownBy(() -> Quantize.of(checkpoint).to("gguf,recipe=" + given).into(third))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("third.recipe.txt exists already");
      assertThat(third).doesNotExist();
      assertThat(kept).hasContent("mine");
      assertThatThrownBy(
              () -> Quantize.of(checkpoint).to("gguf,recipe=" + beside).overwrite(true).into(first))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("never written");
      Quantize.of(checkpoint).to("gguf,recipe=" + given).overwrite(true).into(third);
      assertThat(kept).content().contains("engine gguf\n");
    }
  }

  /**
   * The file is no larger than asked, and its recipe makes it again. The whole search: half a
   * minute.
   */
  @Test
  @Tag("slow")
  void aBudgetIsKeptAndItsRecipeMakesTheSameFile() throws IOException {
    Budgets.keepsIt("gguf:Q4_K_M", 9, "", folder);
  }

  /** What weights lose by each format does not depend on what may be spent. */
  @Test
  @Tag("slow")
  void whatWasFoundOutServesTheNextBudget() throws IOException {
    Path kept = folder.resolve("kept");
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      Quantize quantize = Quantize.of(checkpoint).keepFindings(kept);
      quantize.to("gguf,bpw=5").into(folder.resolve("first"));
      Map<Path, FileTime> found = times(kept);
      assertThat(found).hasSize(2);
      Quantize another = Quantize.of(checkpoint).keepFindings(kept);
      another.to("gguf,bpw=6,layout=convert").into(folder.resolve("second"));
      assertThat(times(kept)).isEqualTo(found);
    }
  }

  private static Map<Path, FileTime> times(Path kept) throws IOException {
    Map<Path, FileTime> times = new TreeMap<>();
    try (Stream<Path> files = Files.list(kept)) {
      for (Path file : files.toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }

  @Test
  void tooLittleIsToldWithTheLeast() {
    Budgets.refuses(
        "gguf,target-size=1MB", "1MB is too little for this model; the least possible is ");
  }

  @Test
  void whatARecipeNamesMustBeThere() throws IOException {
    for (List<String> wrong :
        List.of(
            List.of("model.layers.9.mlp.down_proj.weight Q6_K 6.5", "says nothing of"),
            List.of("model.embed_tokens.weight Q9_K 9", "gguf has no format 'Q9_K' for"))) {
      Path recipe = folder.resolve("wrong.txt");
      Files.writeString(recipe, "engine gguf\n" + wrong.getFirst() + "\n");
      Budgets.refuses("gguf,recipe=" + recipe, wrong.getLast());
    }
  }

  @Test
  void formatsAreChosenInOneWay() {
    Budgets.refuses("gguf:Q4_K_M,bpw=4", "gguf: a budget chooses formats, so leave out ':Q4_K_M'.");
    Budgets.refuses("gguf,bpw=4,pure", "gguf: pure chooses formats, and so does a budget");
    Budgets.refuses("gguf,bpw=4,recipe=a.txt", "leave the budget out");
  }
}
