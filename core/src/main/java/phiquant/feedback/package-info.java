/**
 * Rounding with error feedback (GPTQ): how a matrix is put on given grids so that its products
 * suffer least, when it is known what it will be multiplied with. Begin with {@link
 * phiquant.feedback.Feedback}; {@link phiquant.feedback.Moments} adds up what it has to know. Pure
 * arithmetic: knows number formats, no model. Everything is in strips of 48 columns, whose sums are
 * taken in one order: the number of threads and the width of vectors change no bit.
 */
package phiquant.feedback;
