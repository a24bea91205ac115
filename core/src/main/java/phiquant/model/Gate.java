package phiquant.model;

/** What the first product of a feed-forward part becomes, half as wide, before the second one. */
public sealed interface Gate {
  /** {@code silu(gate) · up}, the gate's features first (Shazeer 2020, arXiv:2002.05202). */
  record SwiGlu() implements Gate {}

  /**
   * {@code a / (1 + e^(-1.702 a)) · (b + 1)}, gate and up by turns: {@code a} is of the even
   * features, at most the limit, {@code b} of the odd ones, within the limit on both sides. Source:
   * {@code gegelu} in Phi-3-small's modeling_phi3_small.py.
   */
  record GeGelu(double limit) implements Gate {}
}
