package phiquant.model;

/**
 * The feed-forward part of a layer: {@code down(gate(gateUp(x)))}.
 *
 * @param gateUp as many features for the gate as for what passes it
 * @param down back to the stream
 * @param gate how the two are arranged, and become one
 */
public record Mlp(Linear gateUp, Linear down, Gate gate) {
  /** The usual one: {@code down(silu(gate(x)) · up(x))}, the gate's rows before those of up. */
  public Mlp(Linear gateUp, Linear down) {
    this(gateUp, down, new Gate.SwiGlu());
  }

  /** What it adds to the stream. */
  public <V> V of(V x, Flow<V> flow) {
    return flow.linear(down, flow.gate(this, flow.linear(gateUp, x)));
  }
}
