package phiquant.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.UserError;

class JobFileTest {
  private static final String MODELS = "output: out\nmodels: [{model: a, name: one}, {model: b}]\n";

  @TempDir Path folder;

  @Test
  void everyModelMeetsEveryRecipe() throws IOException {
    JobFile job = read(MODELS + "recipes: [{to: [gguf, mlx:4bit], pure: true}, {to: onnx:int4}]\n");
    assertThat(job.commands())
        .extracting(command -> String.join(" ", command))
        .containsExactly(
            "a --output out --to gguf --to mlx:4bit --pure --name one",
            "a --output out --to onnx:int4 --name one",
            "b --output out --to gguf --to mlx:4bit --pure",
            "b --output out --to onnx:int4");
  }

  @Test
  void anEvaluationIsAskedForAsTheCommandDoes() throws IOException {
    JobFile job =
        read(
            MODELS
                + "recipes: [{to: gguf}]\n"
                + "evaluate: {windows: 4, activations: f32, report: r.html}\n");
    assertThat(job.measuring().orElseThrow().arguments())
        .containsExactly("--windows", "4", "--activations", "f32");
    assertThat(job.measuring().orElseThrow().report()).contains(Path.of("r.html"));
    assertThat(read(MODELS + "recipes: [{to: gguf}]\n").measuring()).isEmpty();
  }

  @Test
  void whatNothingWouldComeOfIsNamed() {
    assertRefused(MODELS + "recipes: [{to: gguf, imatirx: f}]\n", "no key 'imatirx'");
    assertRefused(MODELS + "recipe: [{to: gguf}]\n", "no key 'recipe'");
    assertRefused(MODELS + "recipes: [{to: gguf, output: x}]\n", "no key 'output'");
    assertRefused(MODELS + "recipes: [{pure: true}]\n", "does not say 'to'");
    assertRefused(MODELS + "recipes: [{to: gguf, name: x}]\n", "both say 'name'");
    assertRefused(MODELS + "recipes: []\n", "no list of recipes");
    assertRefused("models: [{model: a}]\nrecipes: [{to: gguf}]\n", "does not say 'output'");
    assertRefused(MODELS + "models: [{model: c}]\n", "uplicate");
    assertRefused(MODELS + "recipes: [{to: gguf}]\nevaluate: {window: 8, kl: 1}\n", "no key 'kl'");
    assertRefused(MODELS + "recipes: [{to: gguf}]\nevaluate: yes\n", "has keys of its own");
    assertRefused(
        "output: o\nmodels: [{model: a, lora: b}]\nrecipes: [{to: gguf}]\nevaluate: {}\n",
        "'lora' cannot be evaluated");
    assertRefused("nothing", "no job");
    assertRefused("[1, 2", "not YAML");
  }

  private void assertRefused(String text, String because) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(because);
  }

  private JobFile read(String text) throws IOException {
    return JobFile.read(Files.writeString(folder.resolve("job.yaml"), text));
  }
}
