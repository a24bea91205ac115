package phiquant.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.UserError;
import phiquant.fixtures.Fixtures;

/** What is refused of a job before a cluster is asked. */
class JobTest {
  @TempDir Path folder;

  @Test
  void twoEntriesThatWriteTheSameAreRefused() {
    assertRefused(
        "models: [{model: M}, {model: M}]\nrecipes: [{to: gguf:Q4_0}]\n",
        "would both be written to");
    assertRefused(
        "models: [{model: M}]\nrecipes: [{to: gguf:Q4_0}, {to: gguf:Q4_0, pure: true}]\n",
        "would both be written to");
  }

  @Test
  void whatAnEvaluationWouldRefuseInTheEndIsRefusedFirst() {
    String sound = "models: [{model: M}]\nrecipes: [{to: gguf:Q4_0}]\n";
    assertRefused(sound + "evaluate: {activations: int4}\n", "it can be f32, int8 or both");
    assertRefused(sound + "evaluate: {windows: many}\n", "windows");
    assertRefused(sound + "evaluate: {report: nowhere/at/all.html}\n", "there is no folder");
  }

  private void assertRefused(String entries, String because) {
    assertThatThrownBy(
            () -> {
              String text =
                  "output: %s\n".formatted(folder.resolve("out"))
                      + entries.replace("M}", Fixtures.tinyPhi35Mini() + "}");
              Path file = Files.writeString(folder.resolve("job.yaml"), text);
              new Job(JobFile.read(file));
            })
        .isInstanceOf(UserError.class)
        .hasMessageContaining(because);
    assertThat(folder.resolve("out")).doesNotExist();
  }
}
