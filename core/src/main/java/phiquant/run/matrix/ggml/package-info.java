/**
 * Matrices in ggml's blocks, as GGUF has them. A file {@code Q4KCodes} says how a format is
 * unpacked, a file {@code Q4KMatrix} multiplies it as it lies: only the formats of most models have
 * the second, with a product in integers where the engine rounds what they are multiplied with.
 * Read {@code GgmlMatrices} first, then {@code Q8_0Matrix}, and {@link
 * phiquant.run.matrix.DigitPacking} before the products in integers.
 */
package phiquant.run.matrix.ggml;
