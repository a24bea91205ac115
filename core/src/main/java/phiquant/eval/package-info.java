/**
 * Judges artifacts by the original that they were made from: perplexity, Kullback-Leibler
 * divergence, the same most likely token, speed, memory. Begin with {@link
 * phiquant.eval.Evaluator}; {@link phiquant.eval.Result} is what comes out, {@link phiquant.report}
 * shows it.
 */
package phiquant.eval;
