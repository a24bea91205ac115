/**
 * Attention in the forms that devices have operators for, each a {@link
 * phiquant.engine.onnx.writer.attention.SelfAttention}, with what they read: the cache, lengths,
 * and the rotary tables, between which {@code LongRopeChoice} chooses.
 */
package phiquant.engine.onnx.writer.attention;
