/**
 * How a token looks back at those before it: the cache of keys and values, the rotation that tells
 * positions apart, and the running softmax over what is cached. One token attends in {@code
 * TokenAttention}, a panel of a prompt's tokens in {@code PanelAttention}, to the same sums. Read
 * {@link phiquant.run.attention.KvCache} first, then {@code TokenAttention}.
 */
package phiquant.run.attention;
