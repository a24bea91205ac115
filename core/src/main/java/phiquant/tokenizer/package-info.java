/**
 * Text to tokens and back, conversations to text. {@link phiquant.tokenizer.Tokenizer} runs Hugging
 * Face's library on {@code tokenizer.json}, {@link phiquant.tokenizer.ChatTemplate} the model's own
 * template.
 */
package phiquant.tokenizer;
