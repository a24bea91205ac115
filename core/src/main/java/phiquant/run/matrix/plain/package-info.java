/**
 * Matrices of plain numbers: floats, and the two kinds of 16 bits, which are moved to the places of
 * a float's bits and multiplied as such. All do four rows at once, in loops that C2 must not
 * unroll. Read {@code PlainMatrix} first, which says why, then {@code FloatMatrix}.
 */
package phiquant.run.matrix.plain;
