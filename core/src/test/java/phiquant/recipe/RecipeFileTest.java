package phiquant.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import phiquant.UserError;

class RecipeFileTest {
  private static final String TEXT =
      """
      # phiquant recipe: for 2MB
      # Its divergence on the calibration text is 0.0512 nats a token.
      engine gguf
      model.embed_tokens.weight  Q6_K     6.5625
      lm_head.weight             IQ4_XS   4.2500
      # What other sizes of these weights lose, estimated: bytes, nats a token.
      # curve 1000 0.50000
      """;

  @Test
  void aFileSaysAsMuchAsTheRecipe() {
    RecipeFile file = RecipeFile.parse("a.txt", TEXT);
    assertThat(file.recipe().engine()).isEqualTo("gguf");
    assertThat(file.recipe().choices())
        .containsExactlyEntriesOf(
            new java.util.TreeMap<>(
                    Map.of(
                        "model.embed_tokens.weight", new Recipe.Choice("Q6_K", 6.5625),
                        "lm_head.weight", new Recipe.Choice("IQ4_XS", 4.25)))
                .descendingMap());
    assertThat(file.curve()).isEqualTo(List.of(new Spending.Point(1000, 0.5)));
    assertThat(file.text("for 2MB", OptionalDouble.of(0.0512))).isEqualTo(TEXT);
  }

  @Test
  void peopleMayWriteRemarksAnywhere() {
    RecipeFile file = RecipeFile.parse("a.txt", "engine mlx # mine\n\n w  8bit 8.5 # head\r\n");
    assertThat(file.recipe().choices()).isEqualTo(Map.of("w", new Recipe.Choice("8bit", 8.5)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "engine gguf;w Q6_K|line 2: 'w Q6_K' is not WEIGHT FORMAT BITS",
        "engine gguf;w Q6_K 6.5;w Q6_K 6.5|line 3: 'w' is there twice",
        "w Q6_K 6.5|no line 'engine NAME'",
        "engine gguf|no line of a weight",
        "engine gguf;engine mlx;w Q6_K 6|line 2: 'engine mlx' is not",
        "# curve 1e5 2;engine gguf;w Q6_K 6|line 1: a curve has bytes and a loss"
      })
  void whatIsNoRecipeIsToldByItsLine(String lines, String fact) {
    assertThatThrownBy(() -> RecipeFile.parse("a.txt", lines.replace(';', '\n')))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(fact)
        .hasMessageStartingWith("a.txt");
  }

  @ParameterizedTest
  @CsvSource({
    "target-size,2.2GB,2200000000",
    "target-size,800mb,800000000",
    "target-size,1500,1500",
  })
  void sizesAreInThousands(String key, String text, long bytes) {
    Allowance budget = Allowance.of("gguf", Map.of(key, text)).orElseThrow();
    assertThat(((Allowance.Size) budget).bytes()).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({"target-size,big", "target-size,-1MB", "bpw,0", "bpw,four", "max-kl,1e-3"})
  void aBudgetThatIsNoneIsTold(String key, String text) {
    assertThatThrownBy(() -> Allowance.of("gguf", Map.of(key, text)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(key + "=" + text);
  }

  @Test
  void twoBudgetsAreOneTooMany() {
    assertThatThrownBy(() -> Allowance.of("gguf", Map.of("bpw", "4", "max-kl", "0.1")))
        .hasMessage("gguf: bpw and max-kl are two budgets; give one.");
  }
}
