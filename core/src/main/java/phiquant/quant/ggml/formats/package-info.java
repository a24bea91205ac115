/**
 * ggml's formats whose weights are levels of their own, a file each; {@link
 * phiquant.quant.ggml.formats.GgmlFormats} gives that of a type, in the fastest form that the JVM
 * runs. Begin with {@code Q4_0}. Source: ggml-quants.c and ggml-common.h.
 */
package phiquant.quant.ggml.formats;
