/**
 * Tensors made of others while their rows are read: rows or columns of one, several as one, one in
 * another order. Nothing is copied until somebody reads. Most are a {@link
 * phiquant.checkpoint.derived.ChangedTensor}.
 */
package phiquant.checkpoint.derived;
