package phiquant.model.vision;

import phiquant.model.Activation;
import phiquant.model.Attention;
import phiquant.model.Block;
import phiquant.model.Flow;
import phiquant.model.Linear;
import phiquant.model.Norm;

/**
 * One layer of a vision transformer: a norm, attention, a norm, a feed-forward part, each half
 * added to the stream.
 */
public record EncoderBlock(
    Norm attentionNorm,
    Attention attention,
    Norm mlpNorm,
    Linear up,
    Activation activation,
    Linear down)
    implements Block {
  @Override
  public <V> V of(V stream, int layer, Flow<V> flow) {
    V attended = flow.add(stream, attention.of(flow.norm(attentionNorm, stream), layer, flow));
    V wide = flow.activate(activation, flow.linear(up, flow.norm(mlpNorm, attended)));
    return flow.add(attended, flow.linear(down, wide));
  }
}
