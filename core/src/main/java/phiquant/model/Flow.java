package phiquant.model;

/**
 * The verbs that networks are written in. A network says once, over any V, what follows what; who
 * implements the verbs decides what a V is: a value of an ONNX graph, of an OpenVINO graph, one
 * token's numbers, a prompt's panels.
 *
 * <p>Engines fuse across verbs: an addition with the norm after it, a product with the addition
 * that takes it. No network knows of that. A consumer that fuses lets its V remember how it came
 * about ("the product of this matrix, not yet computed") and decides at the next verb. So each V is
 * used by the verbs in the order in which the network names them, and a stream that was added to is
 * used no more: its memory may hold the sum.
 *
 * @param <V> one or more tokens' features; which, the consumer knows
 */
public interface Flow<V> {
  /** The rows of the tokens that go in: {@code [tokens, hidden]}. */
  V embed(Weight table);

  /** Normalizes each token's features. */
  V norm(Norm norm, V x);

  /** {@code x · weightᵀ}, and the bias if it has one. */
  V linear(Linear linear, V x);

  /**
   * Attention over all tokens so far, without its projections: queries and keys are rotated by
   * their positions, keys and values are remembered for the layer.
   *
   * @param qkv rows of queries, then of keys, then of values, as {@link Attention#qkv} gives them
   */
  V attend(Attention attention, V qkv, int layer);

  /**
   * Two features become one, as {@link Mlp#gate} says.
   *
   * @param gateUp those of the gate and of what passes it, as {@link Mlp#gateUp} gives them
   */
  V gate(Mlp mlp, V gateUp);

  /**
   * The sum of what each token's experts give, times their weights.
   *
   * @param scores one for each expert, as {@link Experts#router} gives them
   */
  V experts(Experts experts, V x, V scores);

  /** What a feature becomes by itself. */
  V activate(Activation activation, V x);

  /**
   * {@code stream + branch}; both are used no more. The stream may be a branch itself, to which
   * another is added before both meet the stream.
   */
  V add(V stream, V branch);

  /** From normalized features to one number for each token of the vocabulary. */
  V head(Linear head, V x);
}
