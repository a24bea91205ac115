/**
 * Weights as small integers with a scale, and perhaps an offset, for each group: what nearly all
 * quantized formats are once they are unpacked. A format says in an {@link
 * phiquant.run.matrix.codes.Unpacking} how its codes are packed, and {@link
 * phiquant.run.matrix.codes.CodedMatrix} multiplies them; a format that is multiplied faster as it
 * lies has a matrix of its own, and is unpacked for prompts only. Read {@link
 * phiquant.run.matrix.codes.Codes} first.
 */
package phiquant.run.matrix.codes;
