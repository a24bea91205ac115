package phiquant.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import phiquant.Quantize;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;

/** What is asked of budgets whatever the engine, on a model of two layers. */
public final class Budgets {
  private Budgets() {}

  /** Refuses a target while it is planned. */
  public static void refuses(String target, String fact) {
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      assertThatThrownBy(() -> Quantize.of(checkpoint).to(target).outline())
          .isInstanceOf(UserError.class)
          .hasMessageContaining(fact);
    }
  }

  /**
   * The artifact is no larger than asked, and its recipe makes it again.
   *
   * @param usual a target of the engine, whose size is asked for
   * @param least tenths of that size which are used at least
   * @param weights the file of them within a folder; empty if the artifact is a file
   */
  public static void keepsIt(String usual, int least, String weights, Path folder)
      throws IOException {
    String engine = usual.substring(0, usual.indexOf(':'));
    try (Checkpoint checkpoint = Checkpoints.open(Fixtures.tinyPhi35Mini())) {
      long bytes = Quantize.of(checkpoint).to(usual).outline().getFirst().bytes();
      Path made =
          Quantize.of(checkpoint).to(engine + ",target-size=" + bytes).into(folder).getFirst();
      try (var files = Files.walk(made)) {
        assertThat(
                files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum())
            .isBetween(bytes * least / 10, bytes);
      }
      Path recipe = Quantize.recipe(made);
      assertThat(recipe).content().contains("engine " + engine + "\n", "# curve ");
      Path again =
          Quantize.of(checkpoint)
              .to(engine + ",recipe=" + recipe)
              .into(folder.resolve("again"))
              .getFirst();
      assertThat(again.resolve(weights)).hasSameBinaryContentAs(made.resolve(weights));
    }
  }
}
