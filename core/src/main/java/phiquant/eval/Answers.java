package phiquant.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
import phiquant.run.LanguageModel;
import phiquant.run.attention.KvCache;
import phiquant.run.floats.Divergence;
import phiquant.tokenizer.ChatTemplate;
import phiquant.tokenizer.EndTokens;
import phiquant.tokenizer.Message;
import phiquant.tokenizer.Tokenizer;

/**
 * Asks models the same few questions. All are asked through the original's tokenizer and chat
 * template, so that only the weights differ.
 */
final class Answers {
  /** Short answers that a person can judge. */
  static final List<String> PROMPTS =
      List.of(
          "What is the capital of France?",
          "Explain in one sentence why the sky is blue.",
          "Write a Python function that adds two numbers.");

  private static final int LENGTH = 32;

  private final Tokenizer tokenizer;
  private final List<String> rendered;
  private final Set<Integer> ends;
  private final int context;

  Answers(Checkpoint original, Tokenizer tokenizer, int contextLimit) {
    this.tokenizer = tokenizer;
    this.rendered = PROMPTS.stream().map(prompt -> render(original, prompt)).toList();
    this.ends = EndTokens.of(original);
    this.context = contextLimit;
  }

  private static String render(Checkpoint original, String prompt) {
    try {
      return ChatTemplate.of(original).render(List.of(Message.user(prompt)));
    } catch (UserError e) {
      return prompt; // Without a template it is a text to continue.
    }
  }

  /** Tokens of all answers at most; for progress. */
  int tokens() {
    return PROMPTS.size() * LENGTH;
  }

  /** The tokens that a model answers with, for each prompt. */
  List<int[]> ask(LanguageModel model, EvaluationProgress progress) {
    List<int[]> answers = new ArrayList<>();
    for (String prompt : rendered) {
      int[] asked = tokenizer.encode(prompt);
      int room = Math.min(LENGTH, context - asked.length);
      int[] said = new int[Math.max(0, room)];
      int count = 0;
      if (room > 0) {
        KvCache cache = model.cache(asked.length + room);
        float[] logits = model.logits(asked, cache);
        while (count < room && !ends.contains(Divergence.top(logits))) {
          said[count] = Divergence.top(logits);
          progress.advance(1);
          logits = ++count < room ? model.logits(new int[] {said[count - 1]}, cache) : logits;
        }
      }
      progress.advance(LENGTH - count);
      answers.add(Arrays.copyOf(said, count));
    }
    return answers;
  }

  /** Answers as text, split where they leave the original's. */
  List<Continuation> compare(List<int[]> original, List<int[]> said) {
    List<Continuation> answers = new ArrayList<>();
    for (int i = 0; i < said.size(); i++) {
      int[] tokens = said.get(i);
      int at = Arrays.mismatch(original.get(i), tokens);
      int same = at < 0 ? tokens.length : at;
      String before = tokenizer.decode(Arrays.copyOf(tokens, same));
      String through = tokenizer.decode(Arrays.copyOf(tokens, Math.min(same + 1, tokens.length)));
      String all = tokenizer.decode(tokens);
      // A character may take several tokens; what is not whole yet belongs to what follows.
      int first = commonPrefix(before, all);
      int second = Math.max(first, commonPrefix(through, all));
      answers.add(
          new Continuation(
              PROMPTS.get(i),
              all.substring(0, first),
              all.substring(first, second),
              all.substring(second)));
    }
    return answers;
  }

  private static int commonPrefix(String a, String b) {
    int length = 0;
    while (length < Math.min(a.length(), b.length()) && a.charAt(length) == b.charAt(length)) {
      length++;
    }
    return length;
  }
}
