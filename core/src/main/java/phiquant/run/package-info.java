/**
 * Runs a model: the verbs of a network as arithmetic on weights that stay in the mapped file as
 * they are stored. {@code TokenFlow} computes them for a token of each of a few sequences, {@code
 * PanelFlow} for many of one, and {@link phiquant.run.LanguageModel} puts the two together to
 * logits; {@link phiquant.run.Session} talks, with a tokenizer and the cache of what was said, and
 * {@link phiquant.run.Answering} with many at once. Read {@code TokenFlow} first, and then the
 * rooms within: {@code matrix} multiplies with weights, {@code attention} looks back at earlier
 * tokens, {@code floats} is the arithmetic between, {@code sampling} chooses tokens.
 */
package phiquant.run;
