package phiquant.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import phiquant.UserError;
import phiquant.engine.Checkpoints;
import phiquant.fixtures.Fixtures;
import phiquant.run.grammar.Grammar;
import phiquant.run.sampling.Sampling;
import phiquant.tokenizer.Message;

/** Many at once get what each gets alone, whatever the others ask, leave undone or do wrong. */
class AnsweringTest {
  private static Session session;

  @BeforeAll
  static void open() {
    session =
        Session.open(
            Checkpoints.open(Fixtures.smolPhi135m()), RunOptions.exact(), OptionalInt.of(512));
  }

  @AfterAll
  static void close() {
    session.close();
  }

  private record Asked(int[] prompt, Generation how) {}

  /** Of all kinds: greedy, drawn by seeds, ended by texts, held to JSON, short and long. */
  private static List<Asked> questions() {
    List<Asked> all = new ArrayList<>();
    List<String> texts =
        List.of("What is the capital of France?", "Count from 1 upwards.", "Say hello.");
    for (int i = 0; i < 12; i++) {
      String text = texts.get(i % texts.size()) + (i % 5 == 4 ? " Be brief.".repeat(40) : "");
      Sampling sampling = i % 2 == 0 ? Sampling.GREEDY : new Sampling(0.8, 40, 0.95, 0, 1.1, i);
      Optional<Grammar> grammar = i % 6 == 5 ? Optional.of(Grammar.json()) : Optional.empty();
      List<String> stops = i % 4 == 0 ? List.of("Paris", "7") : List.of();
      all.add(
          new Asked(
              session.prompt(List.of(Message.user(text))),
              new Generation(6 + 2 * i, sampling, stops, grammar, Optional.empty(), i % 3 - 1)));
    }
    return all;
  }

  @Test
  void inCompanyEachGetsWhatItGetsAlone() throws Exception {
    List<Asked> questions = questions();
    List<Reply> alone = new ArrayList<>();
    for (Asked asked : questions) {
      session.reset();
      alone.add(session.generate(asked.prompt(), asked.how(), piece -> true));
    }
    List<Future<Reply>> replies = new ArrayList<>();
    try (Answering answers = session.together(5);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Asked asked : questions) {
        replies.add(threads.submit(() -> answers.grow(asked.prompt(), asked.how(), piece -> true)));
      }
      for (int i = 0; i < questions.size(); i++) {
        Reply reply = replies.get(i).get();
        assertThat(reply.text()).as("%d", i).isEqualTo(alone.get(i).text());
        assertThat(reply.tokens()).isEqualTo(alone.get(i).tokens());
        assertThat(reply.finish()).isEqualTo(alone.get(i).finish());
      }
      Counts counts = answers.counts();
      assertThat(counts.tokens())
          .isEqualTo(alone.stream().mapToInt(reply -> reply.tokens().size()).sum());
      assertThat(counts.promptTokens() + counts.reusedTokens())
          .isEqualTo(questions.stream().mapToInt(asked -> asked.prompt().length).sum());
      assertThat(counts.reusedTokens()).as("chats begin alike").isPositive();
      assertThat((double) counts.busy() / counts.steps()).isGreaterThan(1.5);
    }
  }

  private static Generation greedy(int tokens) {
    return new Generation(tokens, Sampling.GREEDY, List.of());
  }

  @Test
  void whoWantsNoMoreOrFailsLeavesTheOthersAlone() throws Exception {
    int[] prompt = session.prompt(List.of(Message.user("Count from 1 upwards.")));
    session.reset();
    Reply alone = session.generate(prompt, greedy(30), piece -> true);
    try (Answering answers = session.together(3);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Reply>> tasks =
          List.of(
              () -> answers.grow(prompt, greedy(30), piece -> true),
              () -> answers.grow(prompt, greedy(30), piece -> piece.text().isEmpty()),
              () -> answers.grow(prompt, greedy(30), piece -> false));
      List<Future<Reply>> replies = threads.invokeAll(tasks);
      assertThat(replies.get(0).get().text()).isEqualTo(alone.text());
      assertThat(replies.get(1).get().finish()).isEqualTo(Reply.Finish.CANCELLED);
      assertThat(replies.get(2).get().tokens()).isEmpty();
      assertThatThrownBy(
              () ->
                  answers.grow(
                      prompt,
                      greedy(30),
                      piece -> {
                        throw new IllegalArgumentException("a listener's fault");
                      }))
          .hasMessage("a listener's fault");
      assertThatThrownBy(() -> answers.grow(new int[0], greedy(1), piece -> true))
          .isInstanceOf(UserError.class);
      assertThat(answers.grow(prompt, greedy(30), piece -> true).text()).isEqualTo(alone.text());
    }
  }

  @Test
  void placesAreGivenInTheOrderOfComing() throws Exception {
    int[] prompt = session.prompt(List.of(Message.user("Count from 1 upwards.")));
    List<Integer> ends = Collections.synchronizedList(new ArrayList<>());
    CountDownLatch begun = new CountDownLatch(1);
    try (Answering answers = session.together(1);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      CountDownLatch queued = new CountDownLatch(1);
      all.add(
          threads.submit(
              () -> {
                answers.grow(prompt, greedy(3), piece -> hold(begun, queued));
                ends.add(0);
              }));
      begun.await();
      for (int i = 1; i < 5; i++) {
        int number = i;
        all.add(
            threads.submit(
                () -> {
                  answers.grow(prompt, greedy(3), piece -> true);
                  ends.add(number);
                }));
        while (answers.waiting() < i) {
          Thread.sleep(1);
        }
      }
      queued.countDown();
      for (Future<?> one : all) {
        one.get();
      }
    }
    assertThat(ends).containsExactly(0, 1, 2, 3, 4);
  }

  private static boolean hold(CountDownLatch begun, CountDownLatch queued) {
    begun.countDown();
    try {
      queued.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return true;
  }

  @Test
  void closingEndsAllAsFarAsTheyHaveCome() throws Exception {
    int[] prompt = session.prompt(List.of(Message.user("Count from 1 upwards.")));
    List<Future<Reply>> replies = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      try (Answering answers = session.together(2)) {
        CountDownLatch growing = new CountDownLatch(4);
        for (int i = 0; i < 4; i++) {
          replies.add(
              threads.submit(
                  () ->
                      answers.grow(
                          prompt,
                          greedy(400),
                          piece -> {
                            if (!piece.text().isEmpty()) {
                              growing.countDown();
                            }
                            return true;
                          })));
        }
        growing.await();
      }
      for (Future<Reply> reply : replies) {
        assertThat(reply.get().finish()).isEqualTo(Reply.Finish.CANCELLED);
      }
    }
    assertThat(session.generate(prompt, greedy(3), piece -> true).tokens()).hasSize(3);
  }

  /** What was said in one place helps in another. */
  @Test
  void beginningsAreComputedOnceForAll() throws Exception {
    String rules = "You answer briefly. ".repeat(12);
    int[] first = session.prompt(List.of(new Message("system", rules), Message.user("Hello!")));
    int[] second = session.prompt(List.of(new Message("system", rules), Message.user("Who?")));
    session.reset();
    Reply alone = session.generate(second, greedy(12), piece -> true);
    try (Answering answers = session.together(3);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CountDownLatch growing = new CountDownLatch(1);
      CountDownLatch over = new CountDownLatch(1);
      Future<Reply> other =
          threads.submit(
              () ->
                  answers.grow(
                      first,
                      greedy(300),
                      piece -> {
                        if (!piece.text().isEmpty()) {
                          growing.countDown();
                        }
                        return over.getCount() > 0;
                      }));
      growing.await();
      Reply reply = answers.grow(second, greedy(12), piece -> true);
      over.countDown();
      assertThat(reply.reusedTokens()).isGreaterThan(40);
      assertThat(reply.text()).isEqualTo(alone.text());
      other.get();
    }
  }
}
