/**
 * Both sides of a product: a {@link phiquant.run.matrix.Matrix} of weights that lie as they are
 * stored, and what it is multiplied with, one token's {@link phiquant.run.matrix.Input} or a
 * prompt's {@link phiquant.run.matrix.Panels}; beside them the shapes of vectors that all kernels
 * work in. The rooms within have the kernels: {@code plain} numbers, small {@code codes} whatever
 * they are packed as, {@code ggml}'s blocks, {@code grouped} codes with scales apart; {@code
 * tokens} multiplies many tokens at once, and {@code stored} finds the kernel of a tensor. Read
 * {@link phiquant.run.matrix.Matrix} first, then {@code plain/FloatMatrix}, the simplest of them,
 * and {@link phiquant.run.matrix.Lanes} before writing another.
 *
 * <p>Where something has a scalar and a vector form, an interface has the scalar one within it, and
 * the one to use as its {@code BEST}; the vector form, named so, is a file of its own, which only
 * loads where there is a Vector API.
 */
package phiquant.run.matrix;
