package phiquant.engine.onnx.writer.genai;

import java.util.Comparator;
import java.util.Map;
import java.util.Set;
import phiquant.checkpoint.Checkpoint;
import phiquant.checkpoint.vocabulary.ChatTemplates;
import phiquant.tokenizer.AddedTokens;

/**
 * The token that fills a prompt up to whole pieces. GenAI 0.18 takes the first such token for the
 * prompt's end (findings/onnxruntime-genai-window-padding.sh), so it has to be one that no chat
 * holds. A model whose turns end in its own padding gets another.
 */
final class PromptPadding {
  private PromptPadding() {}

  /**
   * The model's own, or one of its reserved tokens.
   *
   * @param own what fills up a batch, by the checkpoint
   * @param ends tokens that end an answer
   */
  static int of(Checkpoint checkpoint, int own, Set<Integer> ends) {
    Map<Integer, String> added = AddedTokens.of(checkpoint);
    String template = ChatTemplates.of(checkpoint).chosen().orElse("");
    String text = added.get(own);
    if (text == null || !template.contains(text)) {
      return own;
    }
    return added.entrySet().stream()
        .filter(token -> token.getValue().matches("<.*>"))
        .filter(token -> !template.contains(token.getValue()) && !ends.contains(token.getKey()))
        .map(Map.Entry::getKey)
        .max(Comparator.naturalOrder())
        .orElse(own);
  }
}
