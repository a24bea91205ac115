/**
 * Weights that were rounded before they were published: GPTQ, AWQ, AutoRound and
 * compressed-tensors, all of them integers in groups, packed into words of 32 bits. {@link
 * phiquant.checkpoint.packed.PackedWeights} reads what {@code quantization_config} says; {@link
 * phiquant.checkpoint.packed.GroupedIntegers} is what a matrix then is, so that a target of the
 * same grid can take the integers as they are.
 */
package phiquant.checkpoint.packed;
