package phiquant.engine.gguf.reader;

import java.util.Set;

/**
 * Which special tokens swallow the white space beside them. GGUF has no place for that fact, so it
 * is known here for the released Phi tokenizers, told by their vocabulary; without it {@code
 * <|user|>\n} would be one token more than the model was trained with.
 *
 * @param before the token swallows white space before it
 * @param after the token swallows white space after it
 */
record GgufStripping(boolean before, boolean after) {
  private static final GgufStripping NONE = new GgufStripping(false, false);
  private static final GgufStripping AFTER = new GgufStripping(false, true);

  /** What of that holds for one of the vocabulary's added tokens. */
  static GgufStripping of(GgufFile file, Set<String> vocabulary, String token) {
    String pre = String.valueOf(file.text("tokenizer.ggml.pre"));
    if (pre.equals("dbrx") && vocabulary.contains("<|im_sep|>")) { // Phi-4
      return new GgufStripping(true, true);
    }
    boolean turns = vocabulary.contains("<|assistant|>") && vocabulary.contains("<|end|>");
    if (pre.equals("gpt-4o") && turns) { // Phi-4-mini
      return token.matches("<\\|(endoftext|endofprompt)\\|>") ? NONE : AFTER;
    }
    if ("llama".equals(file.text("tokenizer.ggml.model")) && turns) { // Phi-3
      return token.matches("<unk>|<s>|<\\|endoftext\\|>") ? NONE : AFTER;
    }
    return NONE;
  }
}
