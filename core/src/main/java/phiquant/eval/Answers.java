package phiquant.eval;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import phiquant.UserError;
import phiquant.checkpoint.Checkpoint;
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

  /** The questions without what only a person reads. */
  Interview interview() {
    return new Interview(rendered.stream().map(tokenizer::encode).toList(), ends, context);
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
