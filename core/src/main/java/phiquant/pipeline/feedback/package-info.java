/**
 * Rounding with error feedback on the way from plans to artifacts: {@link
 * phiquant.pipeline.feedback.ErrorFeedback} takes a text through the model, layer by layer, and
 * chooses the codes of every tensor that a plan puts on even grids, for what its inputs are once
 * the layers before are rounded. The one pass then only copies them.
 */
package phiquant.pipeline.feedback;
