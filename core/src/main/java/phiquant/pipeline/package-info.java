/**
 * The one pass over the weights that makes all artifacts: {@link phiquant.pipeline.Pass} reads,
 * encodes and writes at places that the plans have fixed.
 */
package phiquant.pipeline;
