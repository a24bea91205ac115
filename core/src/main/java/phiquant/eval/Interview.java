package phiquant.eval;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import phiquant.run.LanguageModel;
import phiquant.run.attention.KvCache;
import phiquant.run.floats.Divergence;

/**
 * Questions in tokens, which every model is asked alike, and its answers in tokens: it always says
 * the most probable one. Nothing but the model is needed to ask.
 *
 * @param asked tokens of each question
 * @param ends tokens that end an answer
 * @param context tokens that a model can hold
 */
public record Interview(List<int[]> asked, Set<Integer> ends, int context) implements Serializable {
  private static final int LENGTH = 32;

  /** Tokens of all answers at most; for progress. */
  int tokens() {
    return asked.size() * LENGTH;
  }

  /** The tokens that a model answers with, for each question. */
  public List<int[]> ask(LanguageModel model, EvaluationProgress progress) {
    List<int[]> answers = new ArrayList<>();
    for (int[] question : asked) {
      int room = Math.min(LENGTH, context - question.length);
      int[] said = new int[Math.max(0, room)];
      int count = 0;
      if (room > 0) {
        KvCache cache = model.cache(question.length + room);
        float[] logits = model.logits(question, cache);
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
}
