/**
 * From logits to the next token, and to where an answer ends. {@link
 * phiquant.run.sampling.Sampling} says what was asked for, {@code Candidates} are the tokens that
 * are left at each step of it. Read {@link phiquant.run.sampling.Sampler} first.
 */
package phiquant.run.sampling;
