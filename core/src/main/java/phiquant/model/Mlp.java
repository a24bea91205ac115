package phiquant.model;

/**
 * The feed-forward part of a layer: {@code down(silu(gate(x)) · up(x))}.
 *
 * @param gateUp the gate's rows, then as many of up
 * @param down back to the stream
 */
public record Mlp(Linear gateUp, Linear down) {
  /** What it adds to the stream. */
  public <V> V of(V x, Flow<V> flow) {
    return flow.linear(down, flow.gate(this, flow.linear(gateUp, x)));
  }
}
