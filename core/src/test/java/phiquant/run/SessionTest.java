package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import phiquant.UserError;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.fixtures.Golden;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.Message;

/**
 * Answers are those of transformers; they end where they should, and shared beginnings are kept.
 */
class SessionTest {
  private static final List<Message> FRANCE =
      List.of(Message.user("What is the capital of France?"));
  private static Session session;

  @BeforeAll
  static void open() {
    session =
        Session.open(
            Checkpoints.open(Fixtures.smolPhiWide()), RunOptions.exact(), OptionalInt.of(256));
  }

  @AfterAll
  static void close() {
    session.close();
  }

  private static Generation greedy(int tokens, String... stops) {
    return new Generation(tokens, Sampling.GREEDY, List.of(stops));
  }

  /** Before the tokenizer takes a hundred times its memory. */
  @Test
  void aPromptLongerThanAnyContextIsRefused() {
    assertThatThrownBy(() -> session.prompt("a".repeat((2 << 20) + 1)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("The prompt has 2097153 characters");
    assertThatThrownBy(() -> session.prompt("a b ".repeat(1 << 17)))
        .isInstanceOf(UserError.class)
        .hasMessageMatching(
            "The prompt has more than \\d{6} tokens, which leaves no room .* 256\\.");
  }

  @Test
  void greedyAnswersAreThoseOfTransformers() {
    for (JsonNode golden : Golden.json("greedy").path("smolphi-wide")) {
      int[] prompt = session.prompt(List.of(Message.user(golden.path("user").asText())));
      assertThat(prompt).containsExactly(ids(golden.path("prompt_ids")));
      Reply reply = session.generate(prompt, greedy(24), piece -> true);
      int[] theirs = ids(golden.path("greedy_ids"));
      // The golden goes on after the end of the turn.
      int end =
          IntStream.range(0, 24)
              .filter(i -> theirs[i] == 2 || theirs[i] == 0)
              .findFirst()
              .orElse(24);
      assertThat(reply.tokens()).containsExactlyElementsOf(list(Arrays.copyOf(theirs, end)));
      assertThat(reply.finish()).isEqualTo(end < 24 ? Reply.Finish.STOP : Reply.Finish.LENGTH);
    }
  }

  @Test
  void whatPromptsShareIsNotComputedAgain() {
    session.reset();
    int[] first = session.prompt(FRANCE);
    Reply cold = session.generate(first, greedy(4), piece -> true);
    assertThat(cold.reusedTokens()).isZero();
    Reply warm = session.generate(first, greedy(4), piece -> true);
    assertThat(warm.reusedTokens()).as("all but the last").isEqualTo(first.length - 1);
    assertThat(warm.tokens()).isEqualTo(cold.tokens());
    int[] other = session.prompt(List.of(Message.user("What is the capital of Italy?")));
    int shared = Arrays.mismatch(first, other);
    Reply branched = session.generate(other, greedy(8), piece -> true);
    assertThat(branched.reusedTokens()).isEqualTo(shared);
    session.reset();
    assertThat(session.generate(other, greedy(8), piece -> true).tokens())
        .isEqualTo(branched.tokens());
  }

  @Test
  void stopTextsEndTheAnswerAndAreNotInIt() {
    List<String> pieces = new ArrayList<>();
    Reply reply = session.generate(session.prompt(FRANCE), greedy(24, "Paris", "zzz"), pieces::add);
    assertThat(reply.text()).isEqualTo("The capital of France is ");
    assertThat(String.join("", pieces)).isEqualTo(reply.text());
    assertThat(reply.finish()).isEqualTo(Reply.Finish.STOP);
  }

  @Test
  void theListenerMayEndItBeforeTheFirstTokenAndAfterAny() {
    int[] prompt = session.prompt(FRANCE);
    Reply none = session.generate(prompt, greedy(24), piece -> false);
    assertThat(none.finish()).isEqualTo(Reply.Finish.CANCELLED);
    assertThat(none.tokens()).isEmpty();
    StringBuilder text = new StringBuilder();
    Reply some = session.generate(prompt, greedy(24), piece -> text.append(piece).length() < 12);
    assertThat(some.finish()).isEqualTo(Reply.Finish.CANCELLED);
    assertThat(some.text()).isEqualTo("The capital of").isEqualTo(text.toString());
  }

  @Test
  void theAnswerEndsWithTheContext() {
    try (Session small =
        Session.open(
            Checkpoints.open(Fixtures.tinyPhi4()), RunOptions.exact(), OptionalInt.of(16))) {
      int[] prompt = IntStream.range(100, 110).toArray();
      Reply reply = small.generate(prompt, greedy(1000), piece -> true);
      assertThat(reply.finish()).isEqualTo(Reply.Finish.LENGTH);
      assertThat(reply.tokens()).as("the last needs no place").hasSize(16 - 10 + 1);
      assertThatThrownBy(
              () -> small.generate(IntStream.range(0, 16).toArray(), greedy(1), piece -> true))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("16 tokens")
          .hasMessageContaining("context of 16");
      assertThatThrownBy(() -> small.generate(new int[0], greedy(1), piece -> true))
          .isInstanceOf(UserError.class);
    }
  }

  @Test
  void aContextOverTheModelsLimitIsRefusedWithTheLimit() {
    assertThatThrownBy(
            () ->
                Session.open(
                    Checkpoints.open(Fixtures.tinyPhi4()),
                    RunOptions.defaults(),
                    OptionalInt.of(16385)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("16384");
  }

  @Test
  void theTokenizerOfAnotherModelIsNoticed(@TempDir Path folder) throws IOException {
    for (String file : List.of("config.json", "model.safetensors")) {
      Files.copy(Fixtures.tinyPhi35Mini().resolve(file), folder.resolve(file));
    }
    Files.copy(Fixtures.tinyPhi4().resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
    assertThatThrownBy(
            () -> Session.open(Checkpoints.open(folder), RunOptions.exact(), OptionalInt.of(16)))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("do not belong together");
  }

  @Test
  void withoutAChatTemplateThereIsNoPrompt(@TempDir Path folder) throws IOException {
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      Files.copy(Fixtures.tinyPhi35Mini().resolve(file), folder.resolve(file));
    }
    try (Session bare =
        Session.open(Checkpoints.open(folder), RunOptions.exact(), OptionalInt.of(16))) {
      assertThatThrownBy(() -> bare.prompt(FRANCE))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("no chat template");
    }
  }

  private static int[] ids(JsonNode ids) {
    return StreamSupport.stream(ids.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static List<Integer> list(int[] ids) {
    return Arrays.stream(ids).boxed().toList();
  }
}
